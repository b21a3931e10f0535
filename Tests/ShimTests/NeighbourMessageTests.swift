// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_route_decode`: messages about neighbours.
@Suite struct NeighbourMessageTests {
    func decode(_ bytes: [UInt8]) throws -> clnx_route_message {
        try #require(try LinkMessageTests().decode(bytes).first)
    }

    static func neighbour(
        type: UInt16 = 28, family: UInt8 = UInt8(AF_INET), index: Int32 = 7, state: UInt16 = 2, flags: UInt8 = 0,
        _ attributes: [UInt8]...
    ) -> [UInt8] {
        let information =
            [family, 0, 0, 0] + NetlinkBytes.host(index) + NetlinkBytes.host(state) + [flags, 0]
        return NetlinkBytes.message(type: type, sequence: 9, attributes.reduce(information, +))
    }

    static let destination = NetlinkBytes.attribute(1, [192, 0, 2, 1])
    static let address = NetlinkBytes.attribute(2, [2, 0, 0, 0, 0, 1])

    @Test func aNeighbour() throws {
        let message = try decode(Self.neighbour(Self.destination, Self.address))
        let neighbour = message.neighbour
        #expect(message.kind == UInt32(CLNX_ROUTE_NEIGHBOUR) && !message.deleted && message.sequence == 9)
        #expect((neighbour.interface, neighbour.state) == (7, UInt16(CLNX_NEIGHBOUR_REACHABLE)))
        #expect((neighbour.destination.family, neighbour.destination.low) == (UInt8(AF_INET), 0xC000_0201))
        #expect((neighbour.address, neighbour.address_length) == (0x0200_0000_0001_0000, 6))
    }

    @Test func aNeighbourOfIPv6ThatGoes() throws {
        let destination = NetlinkBytes.attribute(1, [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [9])
        let message = try decode(Self.neighbour(type: 29, family: UInt8(AF_INET6), state: 0x20, destination))
        #expect(message.kind == UInt32(CLNX_ROUTE_NEIGHBOUR) && message.deleted)
        #expect((message.neighbour.destination.high, message.neighbour.destination.low) == (0xFE80 << 48, 9))
        #expect(message.neighbour.address_length == 0)
    }

    /// A bridge's forwarding table, and an address for which this host answers.
    @Test func othersAreLeftOut() throws {
        let bridge = Self.neighbour(family: UInt8(AF_BRIDGE), Self.address)
        #expect(try decode(bridge).kind == UInt32(CLNX_ROUTE_OTHER))
        let proxy = Self.neighbour(flags: 8, Self.destination)
        #expect(try decode(proxy).kind == UInt32(CLNX_ROUTE_OTHER))
    }

    @Test func whatCannotBe() throws {
        #expect(try decode(Self.neighbour(Self.address)).kind == UInt32(CLNX_ROUTE_MALFORMED))
        #expect(try decode(Self.neighbour(index: 0, Self.destination)).kind == UInt32(CLNX_ROUTE_MALFORMED))
        let short = NetlinkBytes.attribute(1, [192, 0, 2])
        #expect(try decode(Self.neighbour(short)).kind == UInt32(CLNX_ROUTE_MALFORMED))
        let infiniBand = NetlinkBytes.attribute(2, [UInt8](repeating: 1, count: 20))
        #expect(try decode(Self.neighbour(Self.destination, infiniBand)).neighbour.address_length == 0)
    }

    /// Whoever negates it gets a number.
    @Test(arguments: [Int32.min, -4096, 1, .max])
    func anErrorThatIsNoErrno(error: Int32) throws {
        let message = try decode(NetlinkBytes.error(error, sequence: 9))
        #expect(message.kind == UInt32(CLNX_ROUTE_ERROR) && message.error == -EPROTO)
    }

    @Test(arguments: 0..<48)
    func aCutMessageIsSurvived(length: Int) throws {
        let whole = Self.neighbour(Self.destination, Self.address)
        guard length > 0, length < whole.count else { return }
        _ = try decode(Array(whole.prefix(length)))
    }
}
