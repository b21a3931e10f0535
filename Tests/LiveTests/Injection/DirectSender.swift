// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Packet

/// Sends datagrams from the right host without asking anybody, and hears of what becomes of them.
struct DirectSender {
    static let port: UInt16 = 7777

    let rig: Rig
    let family: NetworkFamily
    let delivery: HandDelivery

    init(_ rig: Rig, _ family: NetworkFamily) throws {
        self.rig = rig
        self.family = family
        delivery = try HandDelivery(of: rig)
    }

    func send(
        _ payload: [UInt8], to destination: IPAddress? = nil, interface: UInt32? = nil,
        nextHop: IPAddress? = nil, mark: UInt32 = 0
    ) throws {
        let destination = destination ?? rig.left.address(family)
        let packet = try IPHeader(from: rig.right.address(family), to: destination)
            .packet(.udp(from: 1, to: Self.port), payload: payload)
        try unsafe rig.instance.protocolHandle(family).inject(
            .directOut, packet.span.bytes, interface: interface ?? rig.interface(), nextHop: nextHop,
            mark: mark)
    }

    func refusal(_ body: (DirectSender) throws -> Void) -> InjectionError.Reason? {
        do {
            try body(self)
            return nil
        } catch {
            return (error as? InjectionError)?.reason
        }
    }

    /// Has the right host forget what it was told of a neighbour.
    func forget(_ neighbour: IPAddress) throws {
        try rig.right.ip("neighbour", "delete", "\(neighbour)", "dev", Host.interface)
    }

    /// What the right host knows of it, in the words of ip-neighbour(8).
    func neighbour(_ address: IPAddress) throws -> String {
        try rig.right.ip("neighbour", "show", "\(address)", "dev", Host.interface)
    }
}
