// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

/// What rules mean, one table row a promise. The default policy is to pass, so most rows block.
struct RuleSemanticsTests {
    struct Row {
        var rules: String
        var packet: SamplePacket
        var blocks: Bool
    }

    private static func rows(_ rules: String, matching: [SamplePacket] = [], not: [SamplePacket] = []) -> [Row] {
        matching.map { Row(rules: rules, packet: $0, blocks: true) }
            + not.map { Row(rules: rules, packet: $0, blocks: false) }
    }

    private func check(_ rows: [Row]) throws {
        for row in rows {
            let isBlocked = try !RuleSet(row.rules).passes(row.packet)
            #expect(isBlocked == row.blocks, "\(row.rules) / \(row.packet)")
        }
    }

    // MARK: Order

    static let order: [(String, Bool)] = [
        ("", true),
        ("block in all", false),
        ("block in all\npass in all", true),
        ("pass in all\nblock in all", false),
        ("block in quick all\npass in all", false),
        ("pass in quick all\nblock in all", true),
        ("pass in all\nblock in quick proto udp all\npass in all", true),
        ("block in all\nlog in all", false),
        ("block in all\nlog in quick all\npass in all", false),
        ("block in all\ncount in all", false),
        ("block in all\ncount in quick all\npass in all", true),
        ("block out all", true),
        ("block out quick all\npass in all", true),
    ]

    /// The last match wins, `quick` ends the search, `log` and `count` change no verdict.
    @Test(arguments: order)
    func lastMatchWinsUnlessQuick(_ rules: String, _ passes: Bool) throws {
        #expect(try RuleSet(rules).passes(.tcp()) == passes)
    }

    @Test func defaultPolicyDecidesWhereNoRuleDoes() throws {
        let text = "block in proto udp all\nlog in all\ncount in all"
        #expect(try RuleSet(text).decide(.tcp()) == FilterDecision(verdict: .pass, reason: .noMatch))
        let closed = try RuleSet(text, defaultPolicy: .block)
        #expect(try closed.decide(.tcp()) == FilterDecision(verdict: .block, reason: .noMatch))
        #expect(try closed.decide(.udp()) == FilterDecision(verdict: .block, reason: .rule(0)))
        #expect(closed.description.hasPrefix("# default policy: block\nblock in proto udp all\n"))
    }

    @Test func decidingRuleIsNamed() throws {
        let rules = try RuleSet("pass out all\nblock in all\npass in proto tcp all\nlog in all\nblock in proto udp all")
        #expect(try rules.decide(.tcp()) == FilterDecision(verdict: .pass, reason: .rule(2)))
        #expect(try rules.decide(.udp()) == FilterDecision(verdict: .block, reason: .rule(4)))
        #expect(try rules.decide(.icmp(8)) == FilterDecision(verdict: .block, reason: .rule(1)))
        #expect(try rules.decide(.tcp().going(.out)) == FilterDecision(verdict: .pass, reason: .rule(0)))
    }

    @Test(arguments: [[], [0x45], [UInt8](repeating: 0, count: 40), [UInt8](repeating: 0x44, count: 20)])
    func unreadablePacketIsBlocked(_ bytes: [UInt8]) throws {
        let rules = try RuleSet("pass in quick all")
        var packet = try SamplePacket.tcp()
        packet.bytes = bytes
        #expect(rules.decide(packet) == FilterDecision(verdict: .block, reason: .badPacket))
        #expect(rules.totals(.in).bad == 1)
        #expect(rules.totals(.in).blocked == 1)
        #expect(rules.traffic(ofRule: 0).packets == 0)
    }

    // MARK: Families, interfaces, bytes

    @Test func families() throws {
        let v4 = try SamplePacket.tcp()
        let v6 = try SamplePacket.tcp(.v6)
        try check(
            Self.rows("block in all", matching: [v4, v6])
                + Self.rows("block in inet all", matching: [v4], not: [v6])
                + Self.rows("block in inet6 all", matching: [v6], not: [v4])
                + Self.rows("block in proto tcp all", matching: [v4, v6])
                + Self.rows("block in from 0/0 to any", matching: [v4], not: [v6])
                + Self.rows("block in to ::/0", matching: [v6], not: [v4])
                + Self.rows("block in from !192.0.2.0/24", not: [v4, v6])
                + Self.rows("block in from !203.0.113.0/24", matching: [v4], not: [v6]))
    }

    @Test func interfaces() throws {
        let packet = try SamplePacket.tcp()
        try check(
            Self.rows(
                "block in on eth0 all", matching: [packet.on(2)], not: [packet.on(3), packet.on(0), packet.on(9)])
                + Self.rows("block in on eth1 all", matching: [packet.on(3)], not: [packet.on(2)])
                + Self.rows("block in on absent all", not: [packet.on(2), packet.on(0)])
                + Self.rows(
                    "block in on {eth0, eth1} all", matching: [packet.on(2), packet.on(3)], not: [packet.on(4)])
                + Self.rows(
                    "block out on eth1 all", matching: [packet.going(.out).on(3)],
                    not: [packet.on(3), packet.going(.out).on(2)]))
    }

    @Test func tosAndTTL() throws {
        func packet(_ version: IPVersion, tos: UInt8, ttl: UInt8) throws -> SamplePacket {
            try SamplePacket("tos \(tos) ttl \(ttl)", version, .udp(from: 1, to: 2)) {
                $0.trafficClass = tos
                $0.hopLimit = ttl
            }
        }
        for version in IPVersion.allCases {
            let both = try packet(version, tos: 0x10, ttl: 1)
            let tos = try packet(version, tos: 0x10, ttl: 64)
            let ttl = try packet(version, tos: 0, ttl: 1)
            try check(
                Self.rows("block in tos 16 all", matching: [both, tos], not: [ttl])
                    + Self.rows("block in ttl 1 all", matching: [both, ttl], not: [tos])
                    + Self.rows("block in tos 0x10 ttl 1 all", matching: [both], not: [tos, ttl])
                    + Self.rows("block in tos {0, 16} ttl 64 all", matching: [tos], not: [both, ttl])
                    + Self.rows("block in tos 0 all", matching: [ttl], not: [both, tos]))
        }
    }

    // MARK: Protocols and addresses

    @Test func protocols() throws {
        let tcp = try SamplePacket.tcp()
        let udp = try SamplePacket.udp()
        let icmp = try SamplePacket.icmp(8)
        let icmp6 = try SamplePacket.icmp(128, 0, .v6)
        let gre = try SamplePacket("GRE", .none(IPProtocol(rawValue: 47)))
        try check(
            Self.rows("block in proto tcp all", matching: [tcp], not: [udp, icmp, gre])
                + Self.rows("block in proto 17 all", matching: [udp], not: [tcp, icmp, gre])
                + Self.rows("block in proto tcp/udp all", matching: [tcp, udp], not: [icmp, icmp6, gre])
                + Self.rows("block in proto icmp all", matching: [icmp], not: [icmp6, tcp])
                + Self.rows("block in proto ipv6-icmp all", matching: [icmp6], not: [icmp])
                + Self.rows("block in proto gre all", matching: [gre], not: [tcp]))
    }

    /// The last header counts, and what it is made of is found behind the others.
    @Test func protocolBehindExtensionHeaders() throws {
        let packet = try SamplePacket("chain", .v6, .tcp(from: 1, to: 22, flags: .syn)) {
            $0.extensionHeaders = [.init(.hopByHop), .init(.destinationOptions)]
        }
        try check(
            Self.rows("block in proto tcp from any to any port = 22 flags S", matching: [packet])
                + Self.rows("block in proto hopopt all", not: [packet]))
    }

    @Test func addresses() throws {
        let v4 = try SamplePacket.udp()
        let v6 = try SamplePacket.udp(.v6)
        let back4 = try SamplePacket("back", .udp(from: 1, to: 2)) { swap(&$0.source, &$0.destination) }
        let back6 = try SamplePacket("back", .v6, .udp(from: 1, to: 2)) { swap(&$0.source, &$0.destination) }
        try check(
            Self.rows("block in from 192.0.2.1 to any", matching: [v4], not: [v6, back4])
                + Self.rows("block in from any to 198.51.100.7", matching: [v4], not: [v6, back4])
                + Self.rows("block in from 192.0.2.1 to 198.51.100.7", matching: [v4], not: [back4])
                + Self.rows("block in from 192.0.2.99/24 to any", matching: [v4], not: [back4])
                + Self.rows("block in from 192.0.2.0/31", matching: [v4])
                + Self.rows("block in from 192.0.2.2/31", not: [v4])
                + Self.rows("block in from 128/1", matching: [v4, back4], not: [v6])
                + Self.rows("block in from 0/1", not: [v4, back4])
                + Self.rows("block in from {203.0.113.1 192.0.2.1} to any", matching: [v4], not: [back4])
                + Self.rows("block in from 2001:db8::1", matching: [v6], not: [v4, back6])
                + Self.rows("block in from 2001:db8::/63", matching: [v6, back6])
                + Self.rows("block in from 2001:db8::/64", matching: [v6], not: [back6])
                + Self.rows("block in to 2001:db8:0:1::80/127", matching: [v6], not: [back6])
                + Self.rows("block in to 2001:db8:0:1::/65", matching: [v6], not: [back6])
                + Self.rows("block in to 2001:db8:0:1:8000::/65", not: [v6, back6]))
    }

    @Test func negatedAddresses() throws {
        let v4 = try SamplePacket.udp()
        let v6 = try SamplePacket.udp(.v6)
        try check(
            Self.rows("block in from !192.0.2.1 to any", not: [v4, v6])
                + Self.rows("block in from !192.0.2.2 to any", matching: [v4])
                + Self.rows("block in to !198.51.100.0/24", not: [v4])
                + Self.rows("block in to !192.0.2.0/24", matching: [v4])
                + Self.rows("block in from !192.0.2.2 to !198.51.100.8", matching: [v4])
                + Self.rows("block in from !192.0.2.2 to !198.51.100.7", not: [v4])
                + Self.rows("block in from !192.0.2.2 to 198.51.100.7", matching: [v4])
                + Self.rows("block in from !192.0.2.2 to 198.51.100.8", not: [v4])
                + Self.rows("block in from !2001:db8::/32", not: [v6])
                + Self.rows("block in from !2001:db9::/32 to !2001:db8::1", matching: [v6])
                + Self.rows("block in from !any to any", not: [v4, v6])
                + Self.rows("block in from any to !any", not: [v4, v6]))
    }

    // MARK: Ports

    static let portTests: [(String, [UInt16], [UInt16])] = [
        ("= 100", [100], [99, 101, 0, 65_535]),
        ("!= 100", [99, 101, 0, 65_535], [100]),
        ("< 100", [0, 99], [100, 101, 65_535]),
        ("<= 100", [0, 99, 100], [101, 65_535]),
        ("> 100", [101, 65_535], [0, 99, 100]),
        (">= 100", [100, 101, 65_535], [0, 99]),
        ("eq 100", [100], [99, 101]),
        ("ne 100", [99, 101], [100]),
        ("lt 100", [99], [100]),
        ("le 100", [100], [101]),
        ("gt 100", [101], [100]),
        ("ge 100", [100], [99]),
        ("100 >< 103", [101, 102], [0, 99, 100, 103, 104, 65_535]),
        ("100 <> 103", [0, 99, 104, 65_535], [100, 101, 102, 103]),
        ("100:103", [100, 101, 103], [0, 99, 104, 65_535]),
        ("= {100, 200:201}", [100, 200, 201], [101, 199, 202]),
        ("0:65535", [0, 100, 65_535], []),
        ("<= 65535", [0, 65_535], []),
        (">= 0", [0, 65_535], []),
        ("= 0", [0], [1, 65_535]),
        ("= 65535", [65_535], [0, 65_534]),
        ("0 <> 65534", [65_535], [0, 65_534]),
        ("= domain", [53], [54]),
    ]

    @Test(arguments: portTests, IPVersion.allCases)
    func portTest(_ test: (String, [UInt16], [UInt16]), _ version: IPVersion) throws {
        let source = try RuleSet("block in proto tcp from any port \(test.0) to any")
        let destination = try RuleSet("block in from any to any port \(test.0)")
        for port in test.1 + test.2 {
            let isBlocked = test.1.contains(port)
            #expect(try source.passes(.tcp(from: port, to: 7, version)) != isBlocked, "from \(port)")
            #expect(try destination.passes(.udp(from: 7, to: port, version)) != isBlocked, "to \(port)")
        }
    }

    @Test func bothPorts() throws {
        let rules = try RuleSet(
            "block in from any port > 1023 to any port = 22\nblock in from any port = 5 to any port < 9")
        #expect(try !rules.passes(.tcp(from: 1_024, to: 22)))
        #expect(try rules.passes(.tcp(from: 1_023, to: 22)))
        #expect(try rules.passes(.tcp(from: 1_024, to: 23)))
        #expect(try !rules.passes(.udp(from: 5, to: 8)))
        #expect(try rules.passes(.udp(from: 5, to: 9)))
    }

    /// Without `proto`, a port test is for TCP and UDP and nothing else.
    @Test func portTestWithoutProtocol() throws {
        let sctp = try SamplePacket("SCTP", .none(IPProtocol(rawValue: 132)))
        for version in IPVersion.allCases {
            let (tcp, udp) = (try SamplePacket.tcp(version), try SamplePacket.udp(version))
            let icmp = try SamplePacket.icmp(8, 0, version)
            try check(
                Self.rows(
                    "block in from any to any port >= 0",
                    matching: [tcp, udp], not: [icmp, sctp])
                    + Self.rows(
                        "block in from any to any port != 1", matching: [tcp, udp],
                        not: [icmp, sctp]))
        }
    }

    // MARK: Flags and ICMP

    static let flagTests: [(String, [TCPFlags], [TCPFlags])] = [
        ("S", [.syn, [.syn, .ece, .cwr]], [[.syn, .ack], .ack, [], [.syn, .psh]]),
        ("S/SA", [.syn, [.syn, .psh], [.syn, .fin]], [[.syn, .ack], .ack, []]),
        ("/SA", [[], .fin, [.rst, .psh]], [.syn, .ack, [.syn, .ack]]),
        ("FUP/FSRPAU", [[.fin, .urg, .psh]], [[.fin, .urg], [.fin, .urg, .psh, .ack]]),
        ("E/E", [.ece, [.ece, .syn]], [.cwr, []]),
        ("C/CE", [.cwr, [.cwr, .rst]], [[.cwr, .ece], .ece]),
        ("A/A", [.ack, [.ack, .psh, .ece]], [.syn]),
        ("0x12/0x3f", [[.syn, .ack], [.syn, .ack, .ece]], [.syn]),
        ("/FSRPAUEC", [[]], [.ece, .cwr, .fin]),
    ]

    @Test(arguments: flagTests)
    func flagTest(_ test: String, _ matching: [TCPFlags], _ not: [TCPFlags]) throws {
        let rules = try RuleSet("block in proto tcp all flags \(test)")
        for flags in matching { #expect(try !rules.passes(.tcp(flags: flags)), "\(flags)") }
        for flags in not { #expect(try rules.passes(.tcp(flags: flags)), "\(flags)") }
        #expect(try rules.passes(.udp()))
    }

    @Test func icmpTest() throws {
        let echo = try SamplePacket.icmp(8)
        let reply = try SamplePacket.icmp(0)
        let port = try SamplePacket.icmp(3, 3)
        let net = try SamplePacket.icmp(3, 0)
        let echo6 = try SamplePacket.icmp(128, 0, .v6)
        let eight6 = try SamplePacket.icmp(8, 0, .v6)
        try check(
            Self.rows("block in proto icmp all icmp-type echo", matching: [echo], not: [reply, port, echo6, eight6])
                + Self.rows("block in proto icmp all icmp-type echorep", matching: [reply], not: [echo])
                + Self.rows("block in proto icmp all icmp-type unreach", matching: [port, net], not: [echo])
                + Self.rows("block in proto icmp icmp-type unreach code port-unr", matching: [port], not: [net])
                + Self.rows("block in proto icmp icmp-type 3 code {0 3}", matching: [port, net], not: [echo])
                + Self.rows("block in inet6 proto ipv6-icmp icmp-type echo", matching: [echo6], not: [echo, eight6])
                + Self.rows("block in proto icmp icmp-type 0 code 0", matching: [reply], not: [net]))
    }

    // MARK: Fragments and short packets

    private func fragment(
        _ version: IPVersion, _ proto: IPProtocol, offset: UInt16, more: Bool, bytes: [UInt8]
    ) throws -> SamplePacket {
        var packet = try SamplePacket("fragment", version, .none(proto))
        var header =
            version == .v4
            ? IPHeader(from: SamplePacket.client4, to: SamplePacket.server4)
            : IPHeader(from: SamplePacket.client6, to: SamplePacket.server6)
        header.fragment = Fragment(identification: 9, offset: offset, moreFollow: more)
        packet.bytes = try header.packet(.none(proto), payload: bytes)
        return packet
    }

    /// Ports 258 > 22, SYN.
    private static let segment: [UInt8] = [
        1, 2, 0, 22, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xFF, 0xFF, 0, 0, 0, 0, 1, 2, 3, 4,
    ]

    @Test(arguments: IPVersion.allCases)
    func laterFragmentsMatchNoTransportTest(_ version: IPVersion) throws {
        let icmp: IPProtocol = version == .v4 ? .icmp : .icmpV6
        let family = version == .v4 ? "inet proto icmp" : "inet6 proto ipv6-icmp"
        for more in [true, false] {
            let tcp = try fragment(version, .tcp, offset: 24, more: more, bytes: Self.segment)
            let udp = try fragment(version, .udp, offset: 24, more: more, bytes: Self.segment)
            let echo = try fragment(version, icmp, offset: 24, more: more, bytes: [8, 0, 0, 0, 0, 0, 0, 0])
            try check(
                Self.rows("block in proto tcp from any to any port = 22", not: [tcp])
                    + Self.rows("block in from any to any port >= 0", not: [tcp, udp])
                    + Self.rows("block in proto tcp all flags S", not: [tcp])
                    + Self.rows("block in \(family) all icmp-type 8", not: [echo])
                    + Self.rows("block in proto tcp all", matching: [tcp], not: [udp])
                    + Self.rows("block in proto udp all", matching: [udp])
                    + Self.rows("block in \(family) all", matching: [echo]))
        }
    }

    @Test(arguments: IPVersion.allCases)
    func firstFragmentWithWholeHeaderMatches(_ version: IPVersion) throws {
        let tcp = try fragment(version, .tcp, offset: 0, more: true, bytes: Self.segment)
        let udp = try fragment(version, .udp, offset: 0, more: true, bytes: Self.segment)
        try check(
            Self.rows("block in proto tcp from any port = 258 to any port = 22 flags S", matching: [tcp], not: [udp])
                + Self.rows("block in proto udp from any to any port = 22", matching: [udp], not: [tcp]))
    }

    /// The exception: ports, but no flags, of a first TCP fragment that ends inside the header.
    @Test(arguments: IPVersion.allCases)
    func firstFragmentWithPortsOnlyMatchesPorts(_ version: IPVersion) throws {
        for length in [8, 16] {
            let tcp = try fragment(version, .tcp, offset: 0, more: true, bytes: Array(Self.segment.prefix(length)))
            try check(
                Self.rows("block in proto tcp from any to any port = 22", matching: [tcp])
                    + Self.rows("block in from any port = 258 to any", matching: [tcp])
                    + Self.rows("block in proto tcp from any to any port = 23", not: [tcp])
                    + Self.rows("block in proto tcp from any to any port = 22 flags S", not: [tcp])
                    + Self.rows("block in proto tcp all flags /A", not: [tcp])
                    + Self.rows("block in proto tcp all", matching: [tcp]))
        }
    }

    @Test(arguments: IPVersion.allCases)
    func shortPacketMatchesNoTransportTest(_ version: IPVersion) throws {
        let icmp: IPProtocol = version == .v4 ? .icmp : .icmpV6
        let family = version == .v4 ? "inet proto icmp" : "inet6 proto ipv6-icmp"
        for length in 0..<20 {
            let tcp = try fragment(version, .tcp, offset: 0, more: false, bytes: Array(Self.segment.prefix(length)))
            try check(
                Self.rows("block in proto tcp from any to any port = 22", not: [tcp])
                    + Self.rows("block in from any to any port >= 0", not: [tcp])
                    + Self.rows("block in proto tcp all flags S", not: [tcp])
                    + Self.rows("block in proto tcp all", matching: [tcp]))
        }
        for length in 0..<8 {
            let bytes = Array([UInt8](repeating: 8, count: 8).prefix(length))
            let udp = try fragment(version, .udp, offset: 0, more: false, bytes: bytes)
            // The exception for first fragments is for TCP.
            let firstUDP = try fragment(version, .udp, offset: 0, more: true, bytes: bytes)
            let echo = try fragment(version, icmp, offset: 0, more: false, bytes: bytes)
            try check(
                Self.rows("block in from any to any port >= 0", not: [udp, firstUDP])
                    + Self.rows("block in \(family) all icmp-type 8", not: [echo])
                    + Self.rows("block in proto udp all", matching: [udp]))
        }
    }

    /// A TCP segment with a senseless data offset still has ports and flags.
    @Test(arguments: [UInt8(0), 0x40, 0xF0])
    func wrongDataOffsetHidesNothing(_ offset: UInt8) throws {
        var packet = try SamplePacket.tcp()
        packet.bytes[32] = offset
        try check(Self.rows("block in proto tcp from any to any port = 22 flags S", matching: [packet]))
    }
}
