// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Testing

@testable import neti_ctl

/// Counters become rates.
struct TopRatesTests {
    private let rates = TopSamples.rates

    @Test func instancesHaveWhatFlowedASecond() {
        #expect(rates.seconds == 2)
        #expect(rates.instances.map(\.name) == ["global", "blue", "new"])
        #expect(rates.instances[0].flow == .init(received: 1000, passed: 800, dropped: 200, lost: 0))
        #expect(rates.instances[0].flow.passedShare == 0.8)
        #expect(rates.instances[1].flow == .init(received: 10, passed: 7.5, dropped: 2.5, lost: 3))
        #expect(rates.instances[1].held == 3 && rates.instances[1].oldest == 1500)
    }

    @Test func whatWasNotThereBeforeHasNoRate() {
        #expect(rates.instances[2].flow == .init())
        #expect(rates.hooks[3].packets == nil)
        let first = TopRates(TopSamples.now, since: nil)
        #expect(first.instances.allSatisfy { $0.flow == .init() } && first.total == .init())
        #expect(first.held == 3)
    }

    @Test func theTotalIsTheSumOfWhatIsKnown() {
        #expect(rates.total == .init(received: 1010, passed: 807.5, dropped: 202.5, lost: 3))
        #expect(rates.held == 3 && rates.oldest == 1500)
    }

    @Test func anEventHasThePacketsOfItsFirstHookAndTheDropsOfAll() {
        #expect(rates.events.map(\.event) == ["PHYSICAL_IN", "PHYSICAL_OUT"])
        #expect(rates.events.map(\.hooks) == [2, 2])
        #expect(rates.events.map(\.packets) == [900, 10])
        #expect(rates.events.map(\.dropped) == [200, 2.5])
        #expect(rates.hooks.map(\.packets) == [900, 700, 10, nil])
    }

    @Test("A counter that went back, as after the daemon's start, gives no rate and no crash")
    func countersGoBack() {
        var back = TopRates(TopSamples.before, since: TopSamples.now)
        #expect(back.total == .init())
        var sample = TopSamples.now
        sample.time = 0
        back = TopRates(TopSamples.before, since: sample)
        #expect(back.seconds == 1)
        #expect(back.total.received == nil && back.total.passed == nil && back.total.dropped == nil)
        #expect(back.hooks.map(\.packets) == [nil, nil, nil])
        sample.instances[0].queues[0].received = .min
        sample.instances[0].queues[0].latency[0].count = .min
        _ = TopRates(TopSamples.now, since: sample)
        // A netid is another instance's after a start.
        var other = TopSamples.now
        other.instances[0].name = "other"
        #expect(TopRates(other, since: TopSamples.before).instances[0].flow == .init())
    }

    @Test func percentilesAreThoseOfTheInterval() {
        let latency = rates.instances[0].latency
        #expect(latency.percentile(0.5) == 2048)
        #expect(latency.percentile(0.9) == 16_384)
        #expect(latency.percentile(0.99) == 1_048_576)
        #expect(rates.latency == latency)
        #expect(rates.instances[1].latency.percentile(0.5) == nil)
        let slow = Latency(
            [TopSamples.queue(received: 1, dropped: 0, latency: [.init(below: nil, count: 1)])], since: [])
        #expect(latencyText(slow.percentile(0.5)) == ">1s")
    }

    @Test(
        arguments: [
            (nil, "-"), (0, "0"), (0.04, "0"), (0.05, "0.1"), (3.46, "3.5"), (9.94, "9.9"), (9.96, "10"),
            (999.4, "999"),
            (999.6, "1.0k"), (12_345, "12.3k"), (123_456, "123k"), (999_600, "1.0M"), (1e15, "many"),
            (.infinity, "many"),
        ] as [(Double?, String)])
    func ratesAreShort(rate: Double?, text: String) {
        #expect(rateText(rate) == text)
    }

    @Test(
        arguments: [(nil, "-"), (0, "0%"), (0.0001, "0.1%"), (0.5, "50.0%"), (0.99999, "99.9%"), (1, "100%")]
            as [(Double?, String)])
    func sharesNeverLookLikeAllOrNothingUnlessTheyAre(share: Double?, text: String) {
        #expect(shareText(share) == text)
    }

    @Test(
        arguments: [
            (nil, "-"), (0, "0ns"), (999, "999ns"), (1024, "1.0us"), (23_456, "23us"), (1_200_000, "1.2ms"),
            (2_000_000_000, "2.0s"),
        ] as [(Int?, String)])
    func timesAreShort(nanoseconds: Int?, text: String) {
        #expect(latencyText(nanoseconds) == text)
    }
}
