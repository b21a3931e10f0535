// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiLinux

/// How many packets are known to have passed unseen.
struct OverloadAccountTests {
    @Test func whatNoQueueHadPassedUnseen() {
        var account = OverloadAccount()
        account.note(steered: 100, seen: 100)
        #expect(account.passedUnseen == 0)
        account.note(steered: 150, seen: 140)
        #expect(account.passedUnseen == 10)
    }

    /// A packet that is on its way when the figures are read counts as steered only, or as seen twice.
    @Test func countNeverGoesBack() {
        var account = OverloadAccount()
        account.note(steered: 150, seen: 140)
        account.note(steered: 200, seen: 195)
        #expect(account.passedUnseen == 10)
        account.note(steered: 200, seen: 205)
        #expect(account.passedUnseen == 10)
    }

    @Test func otherRulesAndQueuesAddTheirs() {
        var account = OverloadAccount()
        account.note(steered: 20, seen: 10)
        account.begin(steered: 0, seen: 7)
        #expect(account.passedUnseen == 10)
        account.note(steered: 30, seen: 35)
        #expect(account.passedUnseen == 12)
    }

    @Test("A figure that is missing changes nothing", arguments: [(UInt64?.none, UInt64?(0)), (9, nil), (nil, nil)])
    func missing(_ steered: UInt64?, _ seen: UInt64?) {
        var account = OverloadAccount()
        account.note(steered: 100, seen: 98)
        account.note(steered: steered, seen: seen)
        #expect(account.passedUnseen == 2)
        account.note(steered: 110, seen: 105)
        #expect(account.passedUnseen == 5)
    }

    @Test(
        "Where the beginning isn't known, it is counted from the first time that both figures are",
        arguments: [(UInt64?.none, UInt64?(5000)), (5000, nil), (nil, nil)])
    func beginningUnknown(_ steered: UInt64?, _ seen: UInt64?) {
        var account = OverloadAccount()
        account.note(steered: 12, seen: 10)
        account.begin(steered: steered, seen: seen)
        account.note(steered: nil, seen: 5010)
        account.note(steered: 7000, seen: 5010)
        #expect(account.passedUnseen == 2)
        account.note(steered: 7100, seen: 5109)
        #expect(account.passedUnseen == 3)
    }

    @Test func queuesHaveHadWhatTheyGotAndWhatTheKernelDroppedThere() {
        #expect(OverloadAccount.seen([]) == 0)
        #expect(OverloadAccount.seen([Self.queue(waiting: 3), Self.queue(waiting: 4)]) == 2 * (5 + 2 + 1) + 7)
    }

    /// Its packets would all count as unseen.
    @Test func queueWithoutAccountLeavesNoFigure() {
        #expect(OverloadAccount.seen([Self.queue(waiting: 3), Self.queue(waiting: 0, hasAccount: false)]) == nil)
    }

    private static func queue(waiting: UInt32, hasAccount: Bool = true) -> PacketQueue.Status {
        let statistics = QueueStatistics()
        statistics.received.add(4)
        statistics.malformed.add(1)
        return PacketQueue.Status(
            number: 0, statistics: statistics.snapshot, waiting: waiting, queueFullDrops: 2, socketFullDrops: 1,
            hasAccount: hasAccount)
    }
}
