// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// A link that carries so many bits a second, and the queue before it.
///
/// No packet is kept here: the link is a clock that says when it is free next, and a packet waits until then and for as
/// long as it takes to be sent. Any number of threads ask at once, without a lock.
struct RateLimiter: ~Copyable, Sendable {
    /// How much may wait for the link.
    enum Limit: Equatable, Sendable, BitwiseCopyable {
        /// So many packets, 1 to 65,536, those included that are being sent.
        case packets(Int)
        /// Packets whose turn comes within so many nanoseconds.
        case time(UInt64)
    }

    /// What waits for a link, for the one that takes its place.
    struct Backlog: Sendable {
        fileprivate var free: UInt64 = 0
        /// When the last packets are sent, oldest first.
        fileprivate var departures: [UInt64] = []

        /// Nothing waits.
        init() {}
    }

    private let bitsPerSecond: UInt64
    private let latest: UInt64
    /// When the link is free, in nanoseconds of the caller's clock.
    private let free: Atomic<UInt64>
    private let admitted: Atomic<UInt64>
    /// A ring of as many packets as may wait: when each of them is sent. Empty for a limit in time.
    private let departures: UniqueArray<Atomic<UInt64>>

    /// - Parameter bitsPerSecond: 0 for a link without a limit.
    init(bitsPerSecond: UInt64, limit: Limit, continuing backlog: Backlog = Backlog()) {
        self.bitsPerSecond = bitsPerSecond
        free = Atomic(backlog.free)
        var count = 0
        switch limit {
        case .packets(let packets):
            latest = .max
            if bitsPerSecond > 0 { count = packets }
        case .time(let time):
            latest = time
        }
        let kept = backlog.departures.suffix(count)
        var departures = UniqueArray<Atomic<UInt64>>(minimumCapacity: count)
        for departure in kept { departures.append(Atomic(departure)) }
        for _ in kept.count..<count { departures.append(Atomic(0)) }
        self.departures = departures
        admitted = Atomic(UInt64(kept.count))
    }

    /// Whether there is a limit.
    var isLimited: Bool { bitsPerSecond > 0 }

    /// Puts a packet into the queue; nanoseconds until its last bit is sent, nil when the queue is full.
    ///
    /// Several threads at once may let one packet more in for each of them.
    func wait(bytes: Int, now: UInt64) -> UInt64? {
        if !departures.isEmpty {
            let oldest = Int(admitted.load(ordering: .relaxed) % UInt64(departures.count))
            if departures[oldest].load(ordering: .relaxed) > now { return nil }
        }
        let duration = UInt64(truncatingIfNeeded: bytes) &* 8_000_000_000 / bitsPerSecond
        var known = free.load(ordering: .relaxed)
        while true {
            let start = max(known, now)
            if start - now > latest { return nil }
            let (isExchanged, original) = free.weakCompareExchange(
                expected: known, desired: start &+ duration, ordering: .relaxed)
            if isExchanged {
                note(departure: start &+ duration)
                return start &+ duration &- now
            }
            known = original
        }
    }

    private func note(departure: UInt64) {
        guard !departures.isEmpty else { return }
        let number = admitted.wrappingAdd(1, ordering: .relaxed).oldValue
        departures[Int(number % UInt64(departures.count))].store(departure, ordering: .relaxed)
    }

    /// What waits now. Packets that come meanwhile may be missing.
    var backlog: Backlog {
        var backlog = Backlog()
        backlog.free = free.load(ordering: .relaxed)
        let end = Int(truncatingIfNeeded: admitted.load(ordering: .relaxed))
        for number in max(0, end - departures.count)..<max(0, end) {
            backlog.departures.append(departures[number % departures.count].load(ordering: .relaxed))
        }
        return backlog
    }
}
