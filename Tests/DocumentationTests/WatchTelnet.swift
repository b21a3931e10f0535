// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux
import Packet

func watchTelnet(in namespace: Namespace) throws -> LinuxProvider {
    let provider = try LinuxProvider(pumps: 1)
    let instance = try provider.addInstance(named: "blue", in: namespace)
    let noTelnet = Hook<PacketEvent>(name: "no-telnet", hint: .first) { packet in
        packet.tcp?.destinationPort == 23 ? .drop : .pass
    }
    try instance.protocolHandle(.inet).register(noTelnet, on: .physicalIn)
    return provider
}
