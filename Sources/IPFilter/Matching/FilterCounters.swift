// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// Packets and bytes.
public struct TrafficCount: Hashable, Sendable {
    /// Packets.
    public var packets: UInt64

    /// Their bytes, as the IP headers say.
    public var bytes: UInt64

    /// A count.
    public init(packets: UInt64, bytes: UInt64) {
        self.packets = packets
        self.bytes = bytes
    }
}

/// What became of the packets of one direction.
public struct FilterTotals: Hashable, Sendable {
    /// Packets that went on.
    public var passed: UInt64
    /// Packets that were dropped, unreadable ones included.
    public var blocked: UInt64
    /// Packets that no rule decided about: the default policy did.
    public var noMatch: UInt64
    /// Packets whose IP headers could not be read; all were dropped.
    public var bad: UInt64
    /// Log records written.
    public var logged: UInt64
    /// Log records lost because nobody had taken the earlier ones yet.
    public var logLost: UInt64

    /// Sums.
    public init(
        passed: UInt64 = 0, blocked: UInt64 = 0, noMatch: UInt64 = 0, bad: UInt64 = 0, logged: UInt64 = 0,
        logLost: UInt64 = 0
    ) {
        self.passed = passed
        self.blocked = blocked
        self.noMatch = noMatch
        self.bad = bad
        self.logged = logged
        self.logLost = logLost
    }
}

/// Counters of a rule set: one block per lane with that lane as its only writer, added up by the reader.
struct FilterCounters: ~Copyable, Sendable {
    enum Total: Int, CaseIterable {
        case passed, blocked, noMatch, bad, logged, logLost
    }

    private let words: UniqueArray<Atomic<UInt64>>
    private let stride: Int
    private let lanes: Int

    /// 128 bytes: neighbouring cache lines are fetched together.
    private static var gap: Int { 16 }

    private static var totals: Int { Total.allCases.count }

    init(rules: Int, lanes: Int) {
        self.lanes = lanes
        stride = 2 * Self.totals + 2 * rules + Self.gap
        let count = Self.gap + lanes * stride
        var words = UniqueArray<Atomic<UInt64>>(minimumCapacity: count)
        for _ in 0..<count { words.append(Atomic(0)) }
        self.words = words
    }

    private func place(_ total: Total, _ direction: Rule.Direction) -> Int {
        total.rawValue + (direction == .in ? 0 : Self.totals)
    }

    // MARK: Counting, on the lane's own thread

    /// Raises a total by one.
    @inline(__always)
    func count(_ total: Total, _ direction: Rule.Direction, lane: Int) {
        add(1, at: Self.gap + lane * stride + place(total, direction))
    }

    /// Counts a packet for a rule.
    @inline(__always)
    func count(rule: UInt32, bytes: UInt32, lane: Int) {
        let place = Self.gap + lane * stride + 2 * Self.totals + 2 * Int(rule)
        add(1, at: place)
        add(UInt64(bytes), at: place + 1)
    }

    /// Nobody else writes this word, so load and store need not be one step.
    @inline(__always)
    private func add(_ value: UInt64, at place: Int) {
        words[place].store(words[place].load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }

    // MARK: Reading, on any thread

    /// The sums of one direction.
    func totals(_ direction: Rule.Direction) -> FilterTotals {
        func sum(_ total: Total) -> UInt64 { self.sum(at: place(total, direction)) }
        return FilterTotals(
            passed: sum(.passed), blocked: sum(.blocked), noMatch: sum(.noMatch), bad: sum(.bad), logged: sum(.logged),
            logLost: sum(.logLost))
    }

    /// What a rule has matched.
    func traffic(ofRule rule: Int) -> TrafficCount {
        let place = 2 * Self.totals + 2 * rule
        return TrafficCount(packets: sum(at: place), bytes: sum(at: place + 1))
    }

    private func sum(at place: Int) -> UInt64 {
        (0..<lanes).reduce(0) { $0 &+ words[Self.gap + $1 * stride + place].load(ordering: .relaxed) }
    }
}
