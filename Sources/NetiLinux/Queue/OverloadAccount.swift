// SPDX-License-Identifier: Apache-2.0

/// Reckons how many packets the kernel let pass unseen because a queue or its socket was full (`fail-open`).
///
/// That is what the steering rules sent to queues and no queue ever had. It is never more than there were: both figures
/// grow while they are read, what was steered is read first, and the largest difference ever found counts.
struct OverloadAccount: Sendable {
    /// Packets so far, at least.
    private(set) var passedUnseen: UInt64 = 0
    private var before: UInt64 = 0
    /// The figures with which the rules and queues of now began; nil while they are not known.
    private var origin: (steered: UInt64, seen: UInt64)? = (0, 0)

    /// Notes what was steered, and then seen, since the rules and queues of now are there; nil for what can't be told just
    /// now.
    mutating func note(steered: UInt64?, seen: UInt64?) {
        guard let steered, let seen else { return }
        guard let origin else {
            // What passed unseen before is never known.
            origin = (steered, seen)
            return
        }
        guard steered >= origin.steered, seen >= origin.seen else { return }
        let (sent, had) = (steered - origin.steered, seen - origin.seen)
        if sent > had { passedUnseen = max(passedUnseen, before + sent - had) }
    }

    /// Rules or queues have become others, so that their figures begin elsewhere; here what was seen is read first.
    mutating func begin(steered: UInt64?, seen: UInt64?) {
        before = passedUnseen
        origin = if let steered, let seen { (steered, seen) } else { nil }
    }

    /// What queues have had, whatever became of it; nil when the kernel doesn't tell of all of them.
    static func seen(_ queues: [PacketQueue.Status]) -> UInt64? {
        guard queues.allSatisfy(\.hasAccount) else { return nil }
        return queues.reduce(0) { sum, queue in
            sum + queue.statistics.received + queue.statistics.malformed + UInt64(queue.waiting)
                + UInt64(queue.queueFullDrops) + UInt64(queue.socketFullDrops)
        }
    }
}
