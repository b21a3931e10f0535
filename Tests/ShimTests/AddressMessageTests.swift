// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_route_decode`: addresses of interfaces.
@Suite struct AddressMessageTests {
    private static let v4: UInt8 = 2
    private static let v6: UInt8 = 10
    private static let documentation: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]

    private func decode(_ bytes: [UInt8]) throws -> clnx_route_message {
        try #require(try LinkMessageTests().decode(bytes).first)
    }

    private static func address(
        type: UInt16 = 20, family: UInt8 = v4, prefix: UInt8 = 24, flags: UInt8 = 0, index: UInt32 = 7,
        _ attributes: [UInt8]
    ) -> [UInt8] {
        let information = [family, prefix, flags, 253] + NetlinkBytes.host(index)
        return NetlinkBytes.message(type: type, sequence: 5, information + attributes)
    }

    @Test func anAddressOfALan() throws {
        let message = try decode(
            Self.address(
                flags: 0x80,
                NetlinkBytes.attribute(1, [192, 0, 2, 1]) + NetlinkBytes.attribute(2, [192, 0, 2, 1])
                    + NetlinkBytes.attribute(4, [192, 0, 2, 255])
                    + NetlinkBytes.attribute(3, Array("eth0:1".utf8) + [0])
                    + NetlinkBytes.attribute(8, NetlinkBytes.host(UInt32(0x280)))))
        let address = message.address
        #expect(message.kind == UInt32(CLNX_ROUTE_ADDRESS) && !message.deleted)
        #expect((address.interface, address.prefix, address.scope, address.flags) == (7, 24, 253, 0x280))
        #expect((address.local.low, address.local.high, address.local.family) == (0xC000_0201, 0, Self.v4))
        #expect(address.peer.low == 0xC000_0201 && address.broadcast.low == 0xC000_02FF)
        #expect(LinkMessageTests().name(address.label) == "eth0:1")
    }

    @Test func aPeer() throws {
        let message = try decode(
            Self.address(
                type: 21, prefix: 32,
                NetlinkBytes.attribute(1, [192, 0, 2, 9]) + NetlinkBytes.attribute(2, [192, 0, 2, 1])))
        #expect(message.deleted)
        #expect(message.address.local.low == 0xC000_0201 && message.address.peer.low == 0xC000_0209)
        #expect(message.address.broadcast.family == 0)
    }

    /// IPv6 names an address without a peer as `IFA_ADDRESS` alone, and its flags begin in the header.
    @Test func anIPv6Address() throws {
        let message = try decode(
            Self.address(family: Self.v6, prefix: 64, flags: 0x40, NetlinkBytes.attribute(1, Self.documentation)))
        let address = message.address
        #expect((address.local.high, address.local.low, address.local.family) == (0x2001_0DB8_0000_0000, 7, Self.v6))
        #expect((address.peer.low, address.flags, address.prefix) == (7, 0x40, 64))
    }

    @Test func whatIsNoAddress() throws {
        let local = NetlinkBytes.attribute(2, [192, 0, 2, 1])
        #expect(try decode(Self.address(family: 29, local)).kind == UInt32(CLNX_ROUTE_OTHER))
        for bytes in [
            Self.address(prefix: 33, local), Self.address(index: 0, local), Self.address([]),
            Self.address(NetlinkBytes.attribute(2, [192, 0, 2])), Self.address(family: Self.v6, local),
        ] {
            #expect(try decode(bytes).kind == UInt32(CLNX_ROUTE_MALFORMED))
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func hostileBytesAreSurvived(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let datagram =
            Self.address(NetlinkBytes.attribute(2, [192, 0, 2, 1]))
            + Self.address(family: Self.v6, NetlinkBytes.attribute(1, Self.documentation))
        for _ in 0..<2_000 { _ = try LinkMessageTests().decode(datagram.mutated(using: &generator)) }
    }
}
