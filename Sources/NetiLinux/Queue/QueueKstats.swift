// SPDX-License-Identifier: Apache-2.0

import Kstat
import Neti

/// The kstats of an instance's queues: module `neti`, instance the queue's number, name `queue`, class `net`.
///
/// One that can't be made, for instance at the limit, is left out; the queue works without.
struct QueueKstats {
    private let netid: NetID
    private let netinfo: Netinfo
    private var kstats: [Kstat] = []

    init(of queues: [PacketQueue], netid: NetID, netinfo: Netinfo) {
        self.netid = netid
        self.netinfo = netinfo
        for queue in queues {
            guard
                let kstat = try? netinfo.createKstat(
                    netid: netid, module: "neti", instance: Int32(queue.number), name: "queue", class: "net",
                    count: PacketQueue.Status.fieldCount, flags: .virtual)
            else { continue }
            try? netinfo.kstats.install(kstat) { queue.status.fields }
            kstats.append(kstat)
        }
    }

    /// Deletes them, and with them their hold on the queues.
    func delete() {
        for kstat in kstats { try? netinfo.deleteKstat(netid: netid, kstat) }
    }
}

extension PacketQueue.Status {
    /// Fields beside the histogram.
    private static let figureCount = 14

    fileprivate static let fieldCount = figureCount + QueueStatistics.BatchSizes.bins

    /// Batches are counted by size: `batch_1`, `batch_2_3`, `batch_4_7` and so on, the last one without an end.
    fileprivate var fields: [NamedValue] {
        [
            NamedValue("received", .uint64(statistics.received)),
            NamedValue("verdicts", .uint64(statistics.accepted &+ statistics.dropped)),
            NamedValue("accepted", .uint64(statistics.accepted)),
            NamedValue("user_drops", .uint64(statistics.dropped)),
            NamedValue("edited", .uint64(statistics.edited)),
            NamedValue("queue_full_drops", .uint32(queueFullDrops)),
            NamedValue("socket_full_drops", .uint32(socketFullDrops)),
            NamedValue("enobufs", .uint64(statistics.overruns)),
            NamedValue("receive_errors", .uint64(statistics.receiveErrors)),
            NamedValue("expired_verdicts", .uint64(statistics.expiredVerdicts)),
            NamedValue("verdict_errors", .uint64(statistics.verdictErrors)),
            NamedValue("malformed", .uint64(statistics.malformed)),
            NamedValue("waiting", .uint32(waiting)),
            NamedValue("batches", .uint64(statistics.batches)),
        ]
            + statistics.batchSizes.enumerated().map { bin, count in
                let (first, last) = (1 << bin, 2 << bin - 1)
                let isLast = bin == QueueStatistics.BatchSizes.bins - 1
                return NamedValue(
                    first == last || isLast ? "batch_\(first)" : "batch_\(first)_\(last)", .uint64(count))
            }
    }
}
