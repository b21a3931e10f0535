// SPDX-License-Identifier: Apache-2.0

import Hooks

@testable import Neti
@testable import NetiDaemon
@testable import NetiLinux

extension MetricsSnapshot {
    /// Two instances, one of them down, and something of everything in the other.
    static var sample: MetricsSnapshot {
        var queue = Queue(number: 100, statistics: QueueStatistics().snapshot)
        queue.statistics.received = 18_446_744_073_709_551_615
        queue.statistics.accepted = 90
        queue.statistics.dropped = 10
        queue.waiting = 3
        queue.queueFullDrops = 4
        queue.socketFullDrops = 5
        queue.statistics.latency = [
            LatencyBucket(below: 1024, count: 1), LatencyBucket(below: 1280, count: 2),
            LatencyBucket(below: 2048, count: 3), LatencyBucket(below: 1 << 30, count: 4),
            LatencyBucket(below: nil, count: 5),
        ]
        queue.statistics.latencySum = 2_500_000_000
        var blue = Instance(name: "blue", netid: 1, isUp: true, queues: [queue])
        blue.passedUnseen = 6
        blue.takenOff = 14
        var trouble = HookTrouble()
        trouble.failures = 11
        trouble.overBudget = 12
        trouble.skipped = 13
        blue.events = [
            Event(
                family: "inet", name: "PHYSICAL_IN", runs: 100,
                hooks: [
                    HookDescription(
                        name: #"a"b\c"#, version: 1, flags: 0, hint: .none, position: 1, hits: 100, drops: 40,
                        registration: 1),
                    HookDescription(
                        name: "filter", version: 1, flags: 0, hint: .none, position: 2, hits: 60, drops: 7,
                        registration: 2, trouble: trouble),
                ])
        ]
        blue.injection = InjectionList.Status(
            packets: 2, bytes: 3000, oldestAge: 1_500_000_000,
            counters: [("queue_in", 7), ("queue_out", 8), ("list_full", 9)])
        var snapshot = MetricsSnapshot(version: "1.0", startTime: 1_760_000_000)
        snapshot.process.cpuSeconds = 1.25
        snapshot.process.residentBytes = 4096
        snapshot.instances = [blue, Instance(name: "green", netid: 2, isUp: false)]
        return snapshot
    }
}
