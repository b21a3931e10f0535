// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

struct FilterCountersTests {
    @Test func everyMatchIsCounted() throws {
        let rules = try RuleSet("pass in all\nblock in proto udp all\nlog in all\nblock out quick all\npass out all")
        let tcp = try SamplePacket.tcp()
        for _ in 0..<3 { _ = rules.decide(tcp) }
        _ = try rules.decide(.udp())
        _ = try rules.decide(.udp().going(.out))
        let udpLength = UInt64(try SamplePacket.udp().bytes.count)
        let all = TrafficCount(packets: 4, bytes: 3 * UInt64(tcp.bytes.count) + udpLength)
        #expect(rules.traffic(ofRule: 0) == all)
        #expect(rules.traffic(ofRule: 1) == TrafficCount(packets: 1, bytes: udpLength))
        #expect(rules.traffic(ofRule: 2) == all)
        #expect(rules.traffic(ofRule: 3) == TrafficCount(packets: 1, bytes: udpLength))
        #expect(rules.traffic(ofRule: 4) == TrafficCount(packets: 0, bytes: 0))
    }

    @Test func totalsAreKeptByDirection() throws {
        let rules = try RuleSet("block in proto udp all\npass in proto icmp all\nblock out log all", logCapacity: 2)
        _ = try rules.decide(.tcp())
        _ = try rules.decide(.udp())
        _ = try rules.decide(.icmp(8))
        for _ in 0..<5 { _ = try rules.decide(.tcp().going(.out)) }
        var bad = try SamplePacket.tcp().going(.out)
        bad.bytes = [0]
        _ = rules.decide(bad)
        #expect(rules.totals(.in) == FilterTotals(passed: 2, blocked: 1, noMatch: 1))
        #expect(rules.totals(.out) == FilterTotals(blocked: 6, bad: 1, logged: 2, logLost: 3))
    }

    @Test func lanesAreAddedUp() throws {
        let rules = try RuleSet("pass in all\ncount in proto tcp all", lanes: 4)
        for lane in 0..<4 {
            for _ in 0...lane { _ = try rules.decide(.tcp(), lane: lane) }
        }
        #expect(rules.traffic(ofRule: 0).packets == 10)
        #expect(rules.traffic(ofRule: 1).packets == 10)
        #expect(rules.totals(.in).passed == 10)
    }

    /// Accounting sees inbound packets before the rules and outbound ones only if they pass.
    @Test func accountingRules() throws {
        let rules = try RuleSet(
            """
            count in all
            block in quick all
            count in proto tcp all
            count out all
            count out quick proto tcp all
            count out proto tcp all
            block out proto udp all
            """)
        _ = try rules.decide(.tcp())
        _ = try rules.decide(.udp())
        _ = try rules.decide(.tcp().going(.out))
        _ = try rules.decide(.udp().going(.out))
        _ = try rules.decide(.icmp(8).going(.out))
        #expect(rules.rules.indices.map { rules.traffic(ofRule: $0).packets } == [2, 2, 1, 2, 1, 0, 1])
    }

    /// Each lane has one writer, so nothing is lost while all of them count and somebody reads.
    @Test func lanesCountAtTheSameTime() async throws {
        let rules = try RuleSet("pass in log all", lanes: 4, logCapacity: 64)
        let packet = try SamplePacket.tcp()
        let taken = await withTaskGroup(of: Int.self) { group in
            for lane in 0..<4 {
                group.addTask {
                    for _ in 0..<20_000 { _ = rules.decide(packet, lane: lane) }
                    return 0
                }
            }
            group.addTask {
                var taken = 0
                while rules.totals(.in).passed < 80_000 { taken += rules.takeLogRecords().count }
                return taken + rules.takeLogRecords().count
            }
            return await group.reduce(0, +)
        }
        let totals = rules.totals(.in)
        #expect(rules.traffic(ofRule: 0).packets == 80_000)
        #expect(totals.logged + totals.logLost == 80_000)
        #expect(totals.logged == UInt64(taken))
    }
}
