// SPDX-License-Identifier: Apache-2.0

/// How many packets waited how long for their verdicts, in the hands of the pump.
///
/// Four buckets to each doubling, so that a bucket's bounds are at most a quarter apart, from 1.024 microseconds to 1.07
/// seconds, with one more at either end. One thread writes, anybody reads.
struct LatencyHistogram: ~Copyable, Sendable {
    static let bucketCount = 1 + octaves * parts + 1

    private static let octaves = 20
    private static let parts = 4
    /// The binary logarithm of what is least told apart.
    private static let lowestExponent = 10

    private let counters = InlineArray<82, QueueStatistics.Counter> { _ in QueueStatistics.Counter() }

    /// Counts packets that all took the same time.
    @inline(__always)
    borrowing func add(packets: Int, nanoseconds: UInt64) {
        counters[Self.bucket(of: nanoseconds)].add(packets)
    }

    /// Those buckets that hold something, the shortest times first.
    var current: [LatencyBucket] {
        (0..<Self.bucketCount).compactMap { bucket in
            let count = counters[bucket].current
            return count == 0 ? nil : LatencyBucket(below: Self.end(of: bucket), count: count)
        }
    }

    /// Where a time belongs.
    @inline(__always)
    static func bucket(of nanoseconds: UInt64) -> Int {
        let exponent = UInt64.bitWidth &- 1 &- nanoseconds.leadingZeroBitCount
        let octave = exponent &- lowestExponent
        guard octave >= 0 else { return 0 }
        guard octave < octaves else { return bucketCount &- 1 }
        let part = Int(truncatingIfNeeded: nanoseconds &>> UInt64(truncatingIfNeeded: exponent &- 2)) & 3
        return 1 &+ octave &* parts &+ part
    }

    /// The first time beyond a bucket, in nanoseconds; nil for the last one, which has no end.
    static func end(of bucket: Int) -> UInt64? {
        guard bucket < bucketCount - 1 else { return nil }
        let (octave, part) = bucket.quotientAndRemainder(dividingBy: parts)
        return UInt64(parts + part) << UInt64(octave + lowestExponent - 2)
    }
}

/// Packets that took about the same time from their batch's being read to its verdicts' being sent.
public struct LatencyBucket: Sendable, Equatable {
    /// They took less than this, in nanoseconds; nil where there is no bound.
    public var below: UInt64?
    /// How many packets they are.
    public var count: UInt64
}
