// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux

/// What the metrics tell: the figures of one moment, without references to anything that goes on.
struct MetricsSnapshot {
    /// One IP instance.
    struct Instance {
        var name: String
        var netid: Int32
        var isUp: Bool
        var queues: [Queue] = []
        var events: [Event] = []
        /// Packets, at least, that the kernel let pass unseen because a queue was full.
        var passedUnseen: UInt64 = 0
        /// Hooks that were taken off their events because of trouble.
        var takenOff = 0
        /// What is on its list of packets, and what has become of packets there; nil when it isn't up.
        var injection: InjectionList.Status?
    }

    /// One netfilter queue.
    struct Queue {
        var number: UInt16
        var statistics: QueueStatistics.Snapshot
        var waiting: UInt32 = 0
        var queueFullDrops: UInt32 = 0
        var socketFullDrops: UInt32 = 0
    }

    /// One event that has or had hooks.
    struct Event {
        var family: String
        var name: String
        /// How often its hooks were run.
        var runs: UInt64
        var hooks: [HookDescription]
    }

    var version: String
    /// Seconds since 1970-01-01 00:00 UTC.
    var startTime: Int
    var process = ProcessFigures()
    var instances: [Instance] = []
}

extension MetricsSnapshot.Queue {
    init(_ status: PacketQueue.Status) {
        self.init(
            number: status.number, statistics: status.statistics, waiting: status.waiting,
            queueFullDrops: status.queueFullDrops, socketFullDrops: status.socketFullDrops)
    }
}

extension MetricsSnapshot.Instance {
    /// The figures of now.
    init(_ entry: InstanceEntry, provider: LinuxProvider) {
        self.init(name: entry.name, netid: entry.netid.rawValue, isUp: entry.running != nil)
        guard let instance = entry.running?.instance else { return }
        let status = provider.status(of: instance)
        queues = status?.queues.map(MetricsSnapshot.Queue.init) ?? []
        passedUnseen = status?.passedUnseen ?? 0
        takenOff = entry.running?.hooks.takenOff.count ?? 0
        injection = instance.injection.status
        events = NetworkFamily.allCases.flatMap { family in
            family.events.compactMap { event in
                let point = instance.protocolHandle(family).event(event)
                let counters = point.counters
                guard counters.added > 0 else { return nil }
                return MetricsSnapshot.Event(
                    family: family.rawValue, name: event.rawValue, runs: counters.events, hooks: point.snapshot())
            }
        }
    }
}
