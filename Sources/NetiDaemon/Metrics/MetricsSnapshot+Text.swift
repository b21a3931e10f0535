// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux

extension MetricsSnapshot {
    private typealias Labels = MetricsText.Labels

    /// All metrics as Prometheus reads them.
    ///
    /// An instance's label is `ip_instance`: Prometheus puts a label `instance`, the place that it scraped, on everything.
    var text: [UInt8] {
        var text = MetricsText()
        describeDaemon(&text)
        describeInstances(&text)
        describeQueues(&text)
        describeEvents(&text)
        describeInjection(&text)
        return text.bytes
    }

    private func describeDaemon(_ text: inout MetricsText) {
        text.begin("neti_build_info", .gauge, "1, labelled with the version of the daemon.")
        text.value(1, Labels(("version", version)))
        text.begin("process_start_time_seconds", .gauge, "When the daemon started, since 1970-01-01 00:00 UTC.")
        text.value(startTime)
        text.begin("process_cpu_seconds_total", .counter, "Processor time of all threads, user and system.")
        text.value(process.cpuSeconds)
        text.begin("process_resident_memory_bytes", .gauge, "Memory in use.")
        text.value(process.residentBytes)
        text.begin("process_open_fds", .gauge, "Open descriptors.")
        text.value(process.openDescriptors)
        text.begin("process_max_fds", .gauge, "How many descriptors may be open.")
        text.value(process.descriptorLimit)
    }

    private func describeInstances(_ text: inout MetricsText) {
        text.begin("neti_instance_up", .gauge, "Whether packets of the IP instance are served.")
        for instance in instances { text.value(instance.isUp ? 1 : 0, instance.labels) }
        text.begin(
            "neti_instance_passed_unseen_packets_total", .counter,
            "Packets, at least, that the kernel let pass unseen because a queue was full (fail-open).")
        for instance in instances where instance.isUp { text.value(instance.passedUnseen, instance.labels) }
        text.begin(
            "neti_instance_hooks_taken_off", .gauge,
            "Hooks that were taken off their events because they failed or took too long.")
        for instance in instances where instance.isUp { text.value(instance.takenOff, instance.labels) }
    }

    private func describeQueues(_ text: inout MetricsText) {
        let queues = instances.flatMap { instance in
            instance.queues.map { (queue: $0, labels: instance.labels.adding("queue", "\($0.number)")) }
        }
        text.begin("neti_queue_received_packets_total", .counter, "Packets that the kernel handed over.")
        for (queue, labels) in queues { text.value(queue.statistics.received, labels) }
        text.begin("neti_queue_verdicts_total", .counter, "Verdicts on packets.")
        for (queue, labels) in queues {
            text.value(queue.statistics.accepted, labels.adding("verdict", "accept"))
            text.value(queue.statistics.dropped, labels.adding("verdict", "drop"))
        }
        text.begin("neti_queue_edited_packets_total", .counter, "Accepted packets that hooks changed.")
        for (queue, labels) in queues { text.value(queue.statistics.edited, labels) }
        text.begin(
            "neti_queue_kernel_drops_total", .counter,
            "Packets that the kernel dropped before hooks saw them, the queue or its socket being full.")
        for (queue, labels) in queues {
            text.value(queue.queueFullDrops, labels.adding("reason", "queue_full"))
            text.value(queue.socketFullDrops, labels.adding("reason", "socket_full"))
        }
        text.begin("neti_queue_errors_total", .counter, "What went wrong at a queue.")
        for (queue, labels) in queues {
            let statistics = queue.statistics
            text.value(statistics.overruns, labels.adding("reason", "overrun"))
            text.value(statistics.receiveErrors, labels.adding("reason", "receive"))
            text.value(statistics.malformed, labels.adding("reason", "malformed"))
            text.value(statistics.expiredVerdicts, labels.adding("reason", "expired_verdict"))
            text.value(statistics.verdictErrors, labels.adding("reason", "verdict"))
        }
        text.begin("neti_queue_batches_total", .counter, "Receive calls that brought at least one packet.")
        for (queue, labels) in queues { text.value(queue.statistics.batches, labels) }
        text.begin(
            "neti_queue_latency_seconds", .histogram,
            "For each packet the time from its batch's being read to its verdicts' being sent.")
        for (queue, labels) in queues { queue.describeLatency(&text, labels) }
        text.begin("neti_queue_waiting_packets", .gauge, "Packets that wait for a verdict.")
        for (queue, labels) in queues { text.value(queue.waiting, labels) }
    }

    private func describeEvents(_ text: inout MetricsText) {
        let events = instances.flatMap { instance in
            instance.events.map { event in
                let labels = instance.labels.adding("family", event.family).adding("event", event.name)
                return (event: event, labels: labels)
            }
        }
        let hooks = events.flatMap { event, labels in
            event.hooks.map { (hook: $0, labels: labels.adding("hook", $0.name)) }
        }
        text.begin("neti_event_packets_total", .counter, "Packets that ran through the hooks of an event.")
        for (event, labels) in events { text.value(event.runs, labels) }
        text.begin("neti_event_hooks", .gauge, "Hooks registered on an event.")
        for (event, labels) in events { text.value(event.hooks.count, labels) }
        text.begin("neti_hook_packets_total", .counter, "Packets that a hook was called for.")
        for (hook, labels) in hooks { text.value(hook.hits, labels) }
        text.begin("neti_hook_dropped_packets_total", .counter, "Packets that a hook did not let go on.")
        for (hook, labels) in hooks { text.value(hook.drops, labels) }
        text.begin("neti_hook_failures_total", .counter, "How often a hook failed.")
        for (hook, labels) in hooks { text.value(hook.trouble.failures, labels) }
        text.begin("neti_hook_over_budget_total", .counter, "How often a hook took longer than its time budget.")
        for (hook, labels) in hooks { text.value(hook.trouble.overBudget, labels) }
        text.begin(
            "neti_hook_skipped_packets_total", .counter,
            "Packets that passed a hook by because it had run over its time budget.")
        for (hook, labels) in hooks { text.value(hook.trouble.skipped, labels) }
    }

    private func describeInjection(_ text: inout MetricsText) {
        let lists = instances.compactMap { instance in
            instance.injection.map { (status: $0, labels: instance.labels) }
        }
        text.begin("neti_held_packets", .gauge, "Packets that hooks hold, that are delayed, or about to be injected.")
        for (status, labels) in lists { text.value(status.packets, labels) }
        text.begin("neti_held_bytes", .gauge, "Their bytes.")
        for (status, labels) in lists { text.value(status.bytes, labels) }
        text.begin("neti_held_oldest_seconds", .gauge, "For how long the oldest of them has waited, 0 if none does.")
        for (status, labels) in lists { text.value(Double(status.oldestAge ?? 0) / 1e9, labels) }
        text.begin("neti_injected_packets_total", .counter, "Packets that were accepted for injection.")
        for (status, labels) in lists {
            for style in ["queue_in", "queue_out", "direct_out"] {
                text.value(status[style], labels.adding("style", style))
            }
        }
        text.begin(
            "neti_injection_refusals_total", .counter,
            "How often a packet was refused, each time that it was tried, or failed when its time had come.")
        for (status, labels) in lists {
            for reason in InjectionError.Reason.allCases {
                text.value(status[reason.rawValue], labels.adding("reason", reason.rawValue))
            }
        }
    }
}

extension MetricsSnapshot.Queue {
    /// Upper bounds in nanoseconds, each twice the one before: a quarter of those by which the queue counts, so that what
    /// a Prometheus has to keep stays small.
    private static let latencyBounds = (10...30).map { UInt64(1) << $0 }

    fileprivate func describeLatency(_ text: inout MetricsText, _ labels: MetricsText.Labels) {
        var counts = [UInt64](repeating: 0, count: Self.latencyBounds.count)
        var rest: UInt64 = 0
        for bucket in statistics.latency {
            if let below = bucket.below, let index = Self.latencyBounds.firstIndex(where: { below <= $0 }) {
                counts[index] &+= bucket.count
            } else {
                rest &+= bucket.count
            }
        }
        text.histogram(
            buckets: zip(Self.latencyBounds, counts).map { (Double($0) / 1e9, $1) }, rest: rest,
            sum: Double(statistics.latencySum) / 1e9, labels)
    }
}

extension MetricsSnapshot.Instance {
    /// What tells the instance's values apart.
    fileprivate var labels: MetricsText.Labels { .init(("ip_instance", name), ("netid", "\(netid)")) }
}
