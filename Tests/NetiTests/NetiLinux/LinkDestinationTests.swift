// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Packet
import Testing

/// To which link-layer address a packet for a next hop goes.
@Suite struct LinkDestinationTests {
    static let own = LinkLayerAddress(0x0200_0000_0001_0000, length: 6)

    func link(
        _ address: LinkLayerAddress? = own, flags: InterfaceFlags = [.up, .broadcast, .multicast], type: UInt16 = 1
    ) -> InterfaceLink {
        InterfaceLink(type: type, address: address, flags: flags, mtu: 1500)
    }

    @Test(
        "Multicasts have addresses of their own: RFC 1112, section 6.4; RFC 2464, section 7",
        arguments: [
            ("224.0.0.1", 0x0100_5E00_0001), ("239.255.1.2", 0x0100_5E7F_0102), ("224.128.0.9", 0x0100_5E00_0009),
            ("ff02::1", 0x3333_0000_0001), ("ff05::abcd:ef01:2345", 0x3333_EF01_2345),
        ] as [(String, UInt64)])
    func multicast(_ nextHop: String, _ address: UInt64) throws {
        let hop = try #require(IPAddress(nextHop))
        #expect(link().destination(for: hop, .other) == .address(LinkLayerAddress(address << 16, length: 6)))
    }

    @Test("Broadcasts of all networks and of this one go to everybody")
    func broadcast() throws {
        let everybody = LinkDestination.address(LinkLayerAddress(0xFFFF_FFFF_FFFF_0000, length: 6))
        #expect(link().destination(for: IPAddress(v4: .max), .other) == everybody)
        #expect(link().destination(for: IPAddress(v4: 0xC000_02FF), .broadcast) == everybody)
        #expect(link().destination(for: IPAddress(v4: 0xC000_02FF), .other) == .neighbour)
    }

    @Test("A neighbour has to be asked", arguments: ["192.0.2.1", "2001:db8::1", "fe80::1", "0.0.0.1"])
    func neighbour(_ nextHop: String) throws {
        #expect(link().destination(for: try #require(IPAddress(nextHop)), .other) == .neighbour)
    }

    @Test(
        "Nobody is asked on loopback, where addresses aren't resolved, and where there are none",
        arguments: ["192.0.2.1", "2001:db8::1", "224.0.0.1"])
    func withoutNeighbours(_ nextHop: String) throws {
        let hop = try #require(IPAddress(nextHop))
        let zeros = LinkLayerAddress(0, length: 6)
        #expect(link(zeros, flags: [.up, .loopback]).destination(for: hop, .other) == .address(zeros))
        #expect(link(flags: [.up, .noARP]).destination(for: hop, .other) == .address(Self.own))
        #expect(link(nil, flags: [.up, .noARP], type: 65_534).destination(for: hop, .other) == .address(nil))
    }

    @Test("Addresses that are too long to be known can't be written")
    func infiniBand() {
        #expect(link(nil, type: 32).destination(for: IPAddress(v4: 0xC000_0201), .other) == .none)
    }

    @Test("Where addresses haven't six bytes, groups are everybody")
    func otherLengths() throws {
        let address = LinkLayerAddress(0x0102_0304_0506_0708, length: 8)
        let group = try #require(IPAddress("ff02::1"))
        #expect(
            link(address, type: 24).destination(for: group, .other) == .address(LinkLayerAddress(.max, length: 8)))
    }
}
