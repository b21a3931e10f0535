// SPDX-License-Identifier: Apache-2.0
import Neti
import Packet

final class DirectInjector: @unchecked Sendable {
    init(_ instance: Instance, in namespace: Namespace, broker: NamespaceBroker) throws(NetiError) {}
    func send(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?, mark: UInt32
    ) -> InjectionDriver.Outcome { .refused(.unsupported) }
    func resolve(_ packet: DuePacket) {}
    func end() {}
}
