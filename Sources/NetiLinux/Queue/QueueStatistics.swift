// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What happened at one queue since it was opened.
///
/// The pump that turns the queue is the only writer, so that a plain load and store are enough; anybody may read at any
/// time.
public final class QueueStatistics: Sendable {
    /// A number that one thread writes and others read.
    struct Counter: ~Copyable, Sendable {
        private let value = Atomic<UInt64>(0)

        @inline(__always)
        borrowing func add(_ amount: Int) {
            guard amount != 0 else { return }
            value.store(value.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
        }

        var current: UInt64 { value.load(ordering: .relaxed) }
    }

    let received = Counter()
    let accepted = Counter()
    let dropped = Counter()
    let edited = Counter()
    let overruns = Counter()
    let receiveErrors = Counter()
    let expiredVerdicts = Counter()
    let verdictErrors = Counter()
    let malformed = Counter()
    let batches = Counter()
    let batchSizes = BatchSizes()
    let latency = LatencyHistogram()
    /// Nanoseconds of all packets together.
    let latencySum = Counter()

    /// How often a batch had 1 packet, 2 or 3, 4 to 7, and so on; the last one takes all from its size up.
    struct BatchSizes: ~Copyable, Sendable {
        static let bins = 7

        private let counters: InlineArray<7, Counter> = [
            Counter(), Counter(), Counter(), Counter(), Counter(), Counter(), Counter(),
        ]

        /// - Parameter packets: at least 1.
        @inline(__always)
        borrowing func add(packets: UInt32) {
            let bin = UInt32.bitWidth - 1 - packets.leadingZeroBitCount
            counters[min(max(bin, 0), Self.bins - 1)].add(1)
        }

        var current: [UInt64] { (0..<Self.bins).map { counters[$0].current } }
    }

    /// Figures of one moment; each is exact, together they may be a packet apart.
    public struct Snapshot: Sendable, Equatable {
        /// Packets that the kernel handed over.
        public var received: UInt64
        /// Packets that were let go on.
        public var accepted: UInt64
        /// Packets that a hook stopped or consumed.
        public var dropped: UInt64
        /// Accepted packets that went back with other bytes than they came with.
        public var edited: UInt64
        /// Times that the socket had no room and the kernel dropped packets (`ENOBUFS`).
        public var overruns: UInt64
        /// Other errors while receiving.
        public var receiveErrors: UInt64
        /// Verdicts for packets that were gone by then, for instance because their interface went down.
        public var expiredVerdicts: UInt64
        /// Messages with verdicts that could not be sent.
        public var verdictErrors: UInt64
        /// Messages that were no well-formed packet.
        public var malformed: UInt64
        /// Receive calls that brought at least one packet.
        public var batches: UInt64
        /// The same by size: of 1 packet, of 2 and 3, of 4 to 7, and so on, the last of 64.
        public var batchSizes: [UInt64]
        /// Packets by the time from their batch's being read to its verdicts' being sent, the shortest times first;
        /// buckets that hold none are left out.
        public var latency: [LatencyBucket]
        /// The sum of these times over all packets, in nanoseconds.
        public var latencySum: UInt64
    }

    /// The figures of now.
    public var snapshot: Snapshot {
        Snapshot(
            received: received.current, accepted: accepted.current, dropped: dropped.current, edited: edited.current,
            overruns: overruns.current, receiveErrors: receiveErrors.current,
            expiredVerdicts: expiredVerdicts.current, verdictErrors: verdictErrors.current,
            malformed: malformed.current, batches: batches.current, batchSizes: batchSizes.current,
            latency: latency.current, latencySum: latencySum.current)
    }
}
