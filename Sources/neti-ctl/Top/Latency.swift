// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// How long packets took between two samples: counts by the upper end of their bucket, in nanoseconds; the last bucket
/// has none and stands under ``unbounded``.
struct Latency: Encodable, Equatable {
    /// The percentile of packets that took longer than is measured.
    static let unbounded = Int.max

    private var counts: [Int: Int] = [:]

    /// Nothing was measured.
    init() {}

    /// What queues measured since an earlier look at the same ones.
    init(_ queues: [ListInstances.Queue], since earlier: [ListInstances.Queue]) {
        for queue in queues {
            let before = earlier.first { $0.number == queue.number }
            let known = Dictionary((before?.latency ?? []).map { ($0.below ?? Self.unbounded, $0.count) }) { first, _ in
                first
            }
            for bucket in queue.latency {
                let below = bucket.below ?? Self.unbounded
                let (more, isOver) = bucket.count.subtractingReportingOverflow(known[below] ?? 0)
                // A queue that was made anew counts from nothing.
                if !isOver, more > 0 { counts[below, default: 0] &+= more }
            }
        }
    }

    mutating func add(_ other: Self) {
        counts.merge(other.counts, uniquingKeysWith: &+)
    }

    /// The time, in nanoseconds, within which this part of the packets was done, 0 to 1: the end of the bucket that
    /// holds the last of them. Nil where nothing was measured.
    func percentile(_ part: Double) -> Int? {
        let sorted = counts.sorted { $0.key < $1.key }
        let wanted = part * Double(sorted.reduce(0) { $0 &+ $1.value })
        var seen = 0
        for (below, count) in sorted {
            seen &+= count
            if Double(seen) >= wanted { return below }
        }
        return nil
    }

    private enum CodingKeys: CodingKey {
        case p50, p99
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        for (part, key) in [(0.5, CodingKeys.p50), (0.99, .p99)] {
            guard let time = percentile(part), time != Self.unbounded else { continue }
            try container.encode(time, forKey: key)
        }
    }
}
