// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti

func registerSlow(at instance: Instance) throws {
    let stamp = try instance.takeStamp()
    let slow = Hook<PacketEvent>(name: "slow", hint: .first) { packet in
        if !packet.stamps.isDisjoint(with: stamp) { return .pass }
        do throws(InjectionError) {
            try packet.hold(for: .milliseconds(50), stamps: stamp)
            return .drop
        } catch {
            return error.returnValue == -1 ? .pass : .drop
        }
    }
    try instance.protocolHandle(.inet).register(slow, on: .physicalOut)
}

func registerTwice(at instance: Instance) throws {
    let stamp = try instance.takeStamp()
    let twice = Hook<PacketEvent>(name: "twice") { packet in
        if packet.stamps.isDisjoint(with: stamp) {
            try? packet.inject(.queueOut, after: .milliseconds(10), stamps: stamp)
        }
        return .pass
    }
    try instance.protocolHandle(.inet).register(twice, on: .physicalOut)
}
