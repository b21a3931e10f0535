// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// What has become of packets, counted on several pump threads at a time without a lock: each lane has a row of its own,
/// which only its thread writes.
struct ImpairCounters: ~Copyable, Sendable {
    /// What is counted, by the names of the kstat's fields.
    enum Counter: String, CaseIterable {
        /// Packets that the hook was called for, without those that it had held itself.
        case seen
        /// Those for which the condition holds.
        case matched
        /// Held for a while.
        case delayed
        /// Dropped by chance.
        case lost
        /// Sent on twice.
        case duplicated
        /// Sent on at once while others were held.
        case reordered
        /// Sent on with a flipped bit.
        case corrupted
        /// Dropped because the queue before the link was full.
        case rateLimited = "rate_limited"
        /// Dropped, or not duplicated, because the instance's list of held packets is full or refuses the packet.
        case refused
        /// Sent on at once because packets can't be held here at all.
        case unheld
    }

    /// 256 bytes: neighbouring cache lines are fetched together.
    private static let stride = 32

    private let cells: UniqueArray<Atomic<UInt64>>

    init(lanes: Int) {
        let count = lanes * Self.stride
        var cells = UniqueArray<Atomic<UInt64>>(minimumCapacity: count)
        for _ in 0..<count { cells.append(Atomic(0)) }
        self.cells = cells
    }

    /// Raises a counter by one, on the lane's own thread.
    @inline(__always)
    func count(_ counter: Counter, lane: Int) {
        let cell = lane &* Self.stride &+ counter.index
        cells[cell].store(cells[cell].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// The sum over all lanes.
    func total(_ counter: Counter) -> UInt64 {
        Swift.stride(from: counter.index, to: cells.count, by: Self.stride).reduce(0) {
            $0 &+ cells[$1].load(ordering: .relaxed)
        }
    }
}

extension ImpairCounters.Counter {
    /// The place in a row.
    @inline(__always)
    fileprivate var index: Int {
        switch self {
        case .seen: 0
        case .matched: 1
        case .delayed: 2
        case .lost: 3
        case .duplicated: 4
        case .reordered: 5
        case .corrupted: 6
        case .rateLimited: 7
        case .refused: 8
        case .unheld: 9
        }
    }
}
