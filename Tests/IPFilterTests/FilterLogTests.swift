// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

struct FilterLogTests {
    private static let time = "2023-11-14T22:13:20.123456Z"

    private func line(_ text: String, _ packet: SamplePacket) throws -> String {
        let rules = try RuleSet(text)
        _ = rules.decide(packet)
        return rules.takeLogLines().map(\.text).joined(separator: "\n")
    }

    @Test func decidingRuleLogs() throws {
        #expect(
            try line("pass in all\nblock in log proto tcp all", .tcp())
                == "\(Self.time) eth0 @0:2 b 192.0.2.1,40000 -> 198.51.100.7,22 PR tcp len 20 56 -S IN")
        #expect(
            try line("pass out all\npass in all\npass out log all", .udp(.v6).going(.out).on(3))
                == "\(Self.time) eth1 @0:2 p 2001:db8::1,40000 -> 2001:db8:0:1::80,53 PR udp len 40 64 OUT")
        #expect(
            try line("block in log quick all", .icmp(3, 4).on(0))
                == "\(Self.time) @0:1 b 192.0.2.1 -> 198.51.100.7 PR icmp len 20 44 icmp 3/4 IN")
        #expect(
            try line("block in log all", SamplePacket("GRE", .none(IPProtocol(rawValue: 47))).on(9))
                == "\(Self.time) if9 @0:1 b 192.0.2.1 -> 198.51.100.7 PR 47 len 20 36 IN")
    }

    /// A rule that matches but doesn't decide logs nothing; a `log` rule does, each time, and decides nothing.
    @Test func whoLogs() throws {
        #expect(try line("block in log all\npass in all", .tcp()).isEmpty)
        #expect(try line("pass in log all", .tcp().going(.out)).isEmpty)
        let lines = try line("log in all\nblock in log all\nlog in quick all\nlog in all", .tcp())
        #expect(
            lines.split(separator: "\n").map { $0.split(separator: " ")[2...3] } == [
                ["@0:1", "L"], ["@0:3", "L"], ["@0:2", "b"],
            ])
    }

    @Test func shortAndFragment() throws {
        #expect(
            try line("block in log all", SamplePacket("short", .none(.tcp), payload: 6))
                == "\(Self.time) eth0 @0:1 S 192.0.2.1 -> 198.51.100.7 PR tcp len 20 26 IN")
        let piece = try SamplePacket("piece", .none(.udp), payload: 24) {
            $0.fragment = Fragment(identification: 1, offset: 1_480, moreFollow: true)
        }
        #expect(
            try line("block in log all", piece)
                == "\(Self.time) eth0 @0:1 b 192.0.2.1 -> 198.51.100.7 PR udp len 20 44 frag 24+@1480 IN")
    }

    static let flagLetters: [(TCPFlags, String)] = [
        ([], "-"), ([.syn, .ack], "-SA"), ([.fin, .syn, .rst, .psh, .ack, .urg, .ece, .cwr], "-FSRPAUEC"),
    ]

    @Test(arguments: flagLetters)
    func flagsAreLetters(_ flags: TCPFlags, _ letters: String) throws {
        #expect(
            try line("block in log all", .tcp(flags: flags)).split(separator: " ").dropLast().last == Substring(letters)
        )
    }

    @Test func bodyIsTheFirst128BytesOfThePayload() throws {
        let rules = try RuleSet("block in log body all")
        for (payload, kept) in [(0, 0), (5, 5), (8, 8), (100, 100), (128, 128), (500, 128)] {
            _ = try rules.decide(SamplePacket("udp", .udp(from: 1, to: 2), payload: payload))
            _ = try rules.decide(
                SamplePacket("tcp", .v6, .tcp(from: 1, to: 2, flags: .ack, options: [1, 1, 1, 1]), payload: payload))
            _ = try rules.decide(SamplePacket("icmp", .icmp(type: 8), payload: payload))
            let expected = (0..<kept).map { UInt8($0) }
            #expect(rules.takeLogRecords().map(\.body) == [expected, expected, expected])
        }
        #expect(
            try line("block in log body all", SamplePacket("udp", .udp(from: 1, to: 2), payload: 18)).hasSuffix(
                "\n    00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n    10 11"))
        #expect(try line("block in log all", .udp()).split(separator: "\n").count == 1)
    }

    @Test func recordHoldsWhatThePacketSaid() throws {
        let rules = try RuleSet("pass in all\nblock in log proto ipv6-icmp from 2001:db8::1 icmp-type echo")
        let packet = try SamplePacket("echo", .v6, .icmp(type: 128), payload: 40) {
            $0.fragment = Fragment(identification: 0xDEAD_BEEF, offset: 0, moreFollow: true)
        }
        _ = rules.decide(packet)
        let record = try #require(rules.takeLogRecords().first)
        #expect(record.time == 1_700_000_000_123_456_789)
        #expect(record.rule == 1)
        #expect(record.verdict == .blocked)
        #expect(record.direction == .in)
        #expect(record.interface == 2)
        #expect(record.source == SamplePacket.client6)
        #expect(record.destination == SamplePacket.server6)
        #expect(record.proto == .icmpV6)
        #expect(record.headerLength == 40)
        #expect(record.totalLength == packet.bytes.count)
        #expect(record.fragment == Fragment(identification: 0xDEAD_BEEF, offset: 0, moreFollow: true))
        #expect(record.icmp == ICMPTest(type: 128, code: 0))
        #expect(record.ports == nil && record.flags == nil && !record.isShort)
    }

    @Test func timeIsLookedUpWhenThePacketHasNone() throws {
        let rules = try RuleSet("block in log all")
        let packet = try SamplePacket.tcp()
        let bytes = unsafe packet.bytes.span.bytes
        _ = try rules.decide(FilterPacket(bytes, Datagram(parsing: bytes), direction: .in, interface: 0))
        let record = try #require(rules.takeLogRecords().first)
        // Some time after this was written, and not at the end of time.
        #expect(record.time > 1_700_000_000_000_000_000 && record.time < 8_000_000_000_000_000_000)
    }

    static let days: [(UInt64, String)] = [
        (0, "1970-01-01T00:00:00.000000Z"), (951_782_399, "2000-02-28T23:59:59.000000Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (951_868_800, "2000-03-01T00:00:00.000000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000000Z"), (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        (1_798_761_599, "2026-12-31T23:59:59.000000Z"), (1_798_761_600, "2027-01-01T00:00:00.000000Z"),
    ]

    @Test(arguments: days)
    func datesAreRight(_ seconds: UInt64, _ text: String) throws {
        let rules = try RuleSet("block in log all")
        let packet = try SamplePacket.tcp()
        let bytes = unsafe packet.bytes.span.bytes
        // A nanosecond tells midnight of 1970 from "no time".
        let time = seconds * 1_000_000_000 + 1
        _ = try rules.decide(FilterPacket(bytes, Datagram(parsing: bytes), direction: .in, interface: 0, time: time))
        #expect(rules.takeLogLines().first?.text.hasPrefix(text + " @0:1") == true)
    }

    @Test func levelGoesWithTheLine() throws {
        let rules = try RuleSet("block in log level local3.err proto tcp all\nblock in log level debug proto udp all")
        _ = try rules.decide(.tcp())
        _ = try rules.decide(.udp())
        let lines = rules.takeLogLines()
        #expect(lines.map(\.facility) == ["local3", nil])
        #expect(lines.map(\.priority) == ["err", "debug"])
    }

    // MARK: The ring

    @Test func fullRingLosesRecordsAndCountsThem() throws {
        let rules = try RuleSet("pass in log all", logCapacity: 4)
        for port in 1...10 { #expect(try rules.passes(.tcp(to: UInt16(port)))) }
        #expect(rules.takeLogRecords().map(\.ports?.destination) == [1, 2, 3, 4])
        #expect(rules.totals(.in).logged == 4)
        #expect(rules.totals(.in).logLost == 6)
        for port in 11...13 { #expect(try rules.passes(.tcp(to: UInt16(port)))) }
        #expect(rules.takeLogRecords().map(\.ports?.destination) == [11, 12, 13])
        #expect(rules.takeLogRecords().isEmpty)
    }

    @Test func ringGoesRound() throws {
        let rules = try RuleSet("pass in log all", logCapacity: 4)
        for round in 0..<50 {
            for port in 0..<3 { _ = try rules.decide(.tcp(to: UInt16(round * 3 + port))) }
            #expect(rules.takeLogRecords().compactMap(\.ports?.destination) == (0..<3).map { UInt16(round * 3 + $0) })
        }
        #expect(rules.totals(.in).logLost == 0)
    }

    @Test(arguments: [1, 2, 3, 5, 1_000])
    func ringHasTheRoomThatWasAskedFor(_ capacity: Int) throws {
        let rules = try RuleSet("pass in log all", logCapacity: capacity)
        for _ in 0..<capacity { _ = try rules.decide(.tcp()) }
        #expect(rules.totals(.in).logLost == 0)
        #expect(rules.takeLogRecords().count == capacity)
    }

    @Test func orBlockBlocksWhatCannotBeLogged() throws {
        let decided = try RuleSet("pass in log or-block all", logCapacity: 1)
        while decided.totals(.in).logLost == 0 { _ = try decided.decide(.tcp()) }
        #expect(try decided.decide(.tcp()) == FilterDecision(verdict: .block, reason: .logFull(0)))
        _ = decided.takeLogRecords()
        #expect(try decided.decide(.tcp()) == FilterDecision(verdict: .pass, reason: .rule(0)))

        let logged = try RuleSet("log or-block in all\npass in quick all", logCapacity: 1)
        while logged.totals(.in).logLost == 0 { _ = try logged.decide(.tcp()) }
        #expect(try logged.decide(.tcp()) == FilterDecision(verdict: .block, reason: .logFull(0)))
        #expect(logged.totals(.in).blocked == 2)
    }

    @Test func interfaceNamesFollowUpdates() throws {
        let rules = try RuleSet("pass in log all")
        _ = try rules.decide(.tcp())
        rules.updateInterfaces([("renamed", 2)])
        #expect(rules.takeLogLines().first?.text.contains(" renamed ") == true)
    }
}
