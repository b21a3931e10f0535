// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_route_decode`: routes.
@Suite struct RouteMessageTests {
    private static let v4: UInt8 = 2
    private static let v6: UInt8 = 10
    private static let router: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]

    private func decode(_ bytes: [UInt8]) throws -> clnx_route_message {
        try #require(try LinkMessageTests().decode(bytes).first)
    }

    private static func route(
        type: UInt16 = 24, family: UInt8 = v4, prefix: UInt8 = 24, action: UInt8 = 1, flags: UInt32 = 0,
        source: UInt8 = 0, _ attributes: [UInt8]
    ) -> [UInt8] {
        let information = [family, prefix, source, 0, 254, 3, 0, action] + NetlinkBytes.host(flags)
        return NetlinkBytes.message(type: type, flags: 2, sequence: 5, information + attributes)
    }

    private static func number(_ type: UInt16, _ value: UInt32) -> [UInt8] {
        NetlinkBytes.attribute(type, NetlinkBytes.host(value))
    }

    private static func hop(_ interface: Int32, flags: UInt8 = 0, _ attributes: [UInt8]) -> [UInt8] {
        NetlinkBytes.host(UInt16(8 + attributes.count)) + [flags, 0] + NetlinkBytes.host(interface) + attributes
    }

    private func hops(_ route: clnx_route) -> [clnx_next_hop] {
        unsafe withUnsafeBytes(of: route.hops) { bytes in
            unsafe Array(bytes.bindMemory(to: clnx_next_hop.self).prefix(Int(route.hop_count)))
        }
    }

    @Test func aRouteOverARouter() throws {
        let message = try decode(
            Self.route(
                NetlinkBytes.attribute(1, [198, 51, 100, 0]) + NetlinkBytes.attribute(5, [192, 0, 2, 1])
                    + Self.number(4, 3) + Self.number(6, 100) + Self.number(15, 1000)))
        let route = message.route
        #expect(message.kind == UInt32(CLNX_ROUTE_ROUTE) && !message.deleted && message.dumped)
        #expect((route.destination.low, route.prefix, route.table, route.metric) == (0xC633_6400, 24, 1000, 100))
        #expect(route.type == 1 && !route.cloned && route.source_prefix == 0)
        #expect(hops(route).map(\.interface) == [3] && hops(route).map(\.gateway.low) == [0xC000_0201])
    }

    @Test func theDefaultRouteAndOneThatGoes() throws {
        let message = try decode(
            Self.route(type: 25, family: Self.v6, prefix: 0, flags: 0x201, Self.number(4, 3)))
        #expect(message.deleted && message.route.prefix == 0 && message.route.destination.family == Self.v6)
        // The low flags are those of the one next hop, here of one that is dead.
        #expect(message.route.table == 254 && message.route.cloned && hops(message.route).map(\.flags) == [1])
    }

    /// RFC 5549: an IPv4 route over an IPv6 router.
    @Test func aGatewayOfTheOtherFamily() throws {
        let via = NetlinkBytes.host(UInt16(10)) + Self.router
        let route = try decode(Self.route(NetlinkBytes.attribute(18, via) + Self.number(4, 3))).route
        #expect(hops(route).map(\.gateway.family) == [Self.v6] && hops(route).map(\.gateway.low) == [1])
    }

    @Test func severalNextHops() throws {
        let row =
            Self.hop(3, flags: 1, NetlinkBytes.attribute(5, [192, 0, 2, 1]))
            + Self.hop(4, NetlinkBytes.attribute(18, NetlinkBytes.host(UInt16(10)) + Self.router)) + Self.hop(5, [])
        let route = try decode(Self.route(NetlinkBytes.attribute(9, row))).route
        #expect(hops(route).map(\.interface) == [3, 4, 5])
        #expect(hops(route).map(\.flags) == [1, 0, 0])
        #expect(hops(route).map(\.gateway.family) == [Self.v4, Self.v6, 0])
        let many = (0..<20).flatMap { Self.hop($0 + 1, []) }
        #expect(hops(try decode(Self.route(NetlinkBytes.attribute(9, many))).route).map(\.interface) == Array(1...8))
        let cut = Array(row.dropLast(9))
        #expect(hops(try decode(Self.route(NetlinkBytes.attribute(9, cut))).route).map(\.interface) == [3])
    }

    @Test func whatIsNoRoute() throws {
        #expect(try decode(Self.route(family: 128, [])).kind == UInt32(CLNX_ROUTE_OTHER))
        #expect(try decode(Self.route(prefix: 33, [])).kind == UInt32(CLNX_ROUTE_MALFORMED))
        #expect(try decode(Self.route(source: 33, [])).kind == UInt32(CLNX_ROUTE_MALFORMED))
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func hostileBytesAreSurvived(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let row = Self.hop(3, NetlinkBytes.attribute(5, [192, 0, 2, 1])) + Self.hop(5, [])
        let datagram =
            Self.route(NetlinkBytes.attribute(9, row) + Self.number(15, 254))
            + Self.route(family: Self.v6, NetlinkBytes.attribute(5, Self.router))
        for _ in 0..<2_000 { _ = try LinkMessageTests().decode(datagram.mutated(using: &generator)) }
    }
}
