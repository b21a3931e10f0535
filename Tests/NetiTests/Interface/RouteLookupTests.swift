// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Testing

/// `net_routeto` over a table of routes (R157 to R162).
struct RouteLookupTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let destination: String
        /// Interface and next hop; nil for no way.
        let way: (UInt32, String)?

        init(_ destination: String, _ way: (UInt32, String)?) {
            self.destination = destination
            self.way = way
        }

        var testDescription: String { destination }
    }

    private static func route(
        _ prefix: String, _ interface: UInt32 = 0, via gateway: String? = nil, table: Route.Table = .main,
        metric: UInt32 = 0, _ action: Route.Action = .forward
    ) -> Route {
        let parts = prefix.split(separator: "/")
        return Route(
            IPAddress(String(parts[0])) ?? IPAddress(v4: 0), prefixLength: UInt8(parts[1]) ?? 0, table: table,
            metric: metric, action: action, interface: interface, gateway: gateway.flatMap { IPAddress($0) })
    }

    static let routes = [
        route("0.0.0.0/0", 2, via: "192.0.2.254", metric: 100),
        route("0.0.0.0/0", 3, via: "198.51.100.254", metric: 200),
        route("192.0.2.0/24", 2), route("198.51.100.0/24", 3),
        route("203.0.113.0/24", 2, via: "192.0.2.7"), route("203.0.113.128/25", 3, via: "198.51.100.7"),
        route("203.0.113.129/32", .refuse), route("203.0.113.64/26", metric: 5, .askNextTable),
        route("203.0.113.64/26", 9, via: "192.0.2.8", table: .default),
        route("203.0.113.65/32", 4, via: "2001:db8::7", table: .default),
        route("192.0.2.1/32", 2, table: .local), route("127.0.0.0/8", 1, table: .local),
        route("192.0.2.255/32", 2, table: .local),
        route("2001:db8::/64", 2), route("2001:db8::1/128", 2, table: .local),
        route("2001:db8:1::/48", 2, via: "2001:db8::9"), route("2001:db8:1:2::/64", .refuse),
        route("::1/128", 1, table: .local),
    ]

    private static func route(_ prefix: String, metric: UInt32 = 0, _ action: Route.Action) -> Route {
        route(prefix, 0, metric: metric, action)
    }

    static let cases = [
        Case("192.0.2.9", (2, "192.0.2.9")), Case("198.51.100.9", (3, "198.51.100.9")),
        Case("8.8.8.8", (2, "192.0.2.254")), Case("203.0.113.1", (2, "192.0.2.7")),
        Case("203.0.113.130", (3, "198.51.100.7")), Case("203.0.113.129", nil),
        Case("203.0.113.66", (9, "192.0.2.8")), Case("203.0.113.65", (4, "2001:db8::7")),
        Case("192.0.2.1", (2, "192.0.2.1")), Case("127.1.2.3", (1, "127.1.2.3")),
        Case("192.0.2.255", (2, "192.0.2.255")), Case("0.0.0.0", (2, "192.0.2.254")),
        Case("255.255.255.255", (2, "192.0.2.254")),
        Case("2001:db8::5", (2, "2001:db8::5")), Case("2001:db8::1", (2, "2001:db8::1")),
        Case("2001:db8:1::5", (2, "2001:db8::9")), Case("2001:db8:1:2::5", nil), Case("::1", (1, "::1")),
        Case("2001:db8:2::1", nil),
    ]

    private let sample: SampleInstance

    init() throws {
        sample = try SampleInstance()
        sample.instance.interfaces.update(Self.routes.shuffled())
    }

    @Test("The longest prefix of the first table that knows a way (R157, R159, R160, R161, R162)", arguments: cases)
    func lookUp(_ example: Case) throws {
        let destination = try #require(IPAddress(example.destination))
        let handle = sample.instance.protocolHandle(destination.version == .v4 ? .inet : .inet6)
        let expected = try example.way.map { NextHop(interface: $0.0, address: try #require(IPAddress($0.1))) }
        #expect(handle.route(to: destination) == expected)
    }

    @Test("The family of the address must be that of the handle (R158); ARP has no routes")
    func families() throws {
        let v4 = IPAddress(v4: 0xC000_0209)
        #expect(sample.instance.protocolHandle(.inet6).route(to: v4) == nil)
        #expect(sample.instance.protocolHandle(.arp).route(to: v4) == nil)
        #expect(sample.inet.route(to: IPAddress(v6High: 0x2001_0DB8_0000_0000, low: 5)) == nil)
    }

    @Test("Without routes there is no way; another table takes the place of the old one")
    func replaced() {
        let destination = IPAddress(v4: 0xC000_0209)
        sample.instance.interfaces.update([Route]())
        #expect(sample.inet.route(to: destination) == nil)
        sample.instance.interfaces.update([Route(IPAddress(v4: 0), prefixLength: 0, interface: 8)])
        #expect(sample.inet.route(to: destination) == NextHop(interface: 8, address: destination))
    }

    @Test("It finds what a search through all routes finds", arguments: 1...5 as ClosedRange<UInt64>)
    func reference(seed: UInt64) {
        var generator = SplitMix(state: seed)
        let routes = (0..<300).map { number in
            let length = UInt8(UInt64.random(in: 0...32, using: &generator))
            let mask = length == 0 ? 0 : ~UInt32(0) << (32 - UInt32(length))
            return Route(
                IPAddress(v4: UInt32.random(in: 0...0xFF, using: &generator) << 24 & mask | 0x0101 & mask),
                prefixLength: length, metric: UInt32(number), interface: UInt32(number + 1))
        }
        sample.instance.interfaces.update(routes)
        for _ in 0..<2000 {
            let destination = IPAddress(v4: UInt32.random(in: 0...0xFF, using: &generator) << 24 | 0x0101)
            let best = routes.filter { route in
                let shift = 32 - UInt64(route.prefixLength)
                return destination.low >> shift == route.destination.low >> shift
            }.min { ($1.prefixLength, $0.metric) < ($0.prefixLength, $1.metric) }
            #expect(sample.inet.route(to: destination)?.interface == best?.interface)
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
