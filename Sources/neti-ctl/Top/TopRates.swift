// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// What flowed between two samples. Rates are per second, and nil where a counter was not there before or went back.
struct TopRates: Encodable {
    /// Packets of an instance, or of all.
    struct Flow: Encodable, Equatable {
        /// Packets that the daemon read.
        var received: Double?
        /// Packets that the hooks let go on.
        var passed: Double?
        /// Packets that a hook dropped.
        var dropped: Double?
        /// Packets that the kernel dropped because a queue or a socket's buffer was full.
        var lost: Double?

        /// The part of all verdicts that let a packet go on, 0 to 1; nil where there were none.
        var passedShare: Double? { share(of: passed, in: (passed ?? 0) + (dropped ?? 0)) }
    }

    struct Instance: Encodable, Equatable {
        var netid: Int
        var name: String
        var state: ListInstances.State
        var flow = Flow()
        /// Packets that wait to be injected or for the hook that holds them.
        var held: Int
        /// For how long the oldest of them has waited, in milliseconds.
        var oldest: Int?
        var latency = Latency()
    }

    struct Event: Encodable, Equatable {
        var netid: Int
        var instance: String
        var family: String
        var event: String
        /// How many hooks are on it.
        var hooks: Int
        /// Packets that met it: those for which its first hook was called.
        var packets: Double?
        var dropped: Double?
    }

    struct Hook: Encodable, Equatable {
        var netid: Int
        var instance: String
        var family: String
        var event: String
        var position: Int
        var name: String
        var module: String?
        /// Packets that it was called for.
        var packets: Double?
        /// Those of them that it did not let pass.
        var dropped: Double?
    }

    /// The time between the samples.
    var seconds: Double
    var total = Flow()
    var held = 0
    var oldest: Int?
    var latency = Latency()
    var instances: [Instance] = []
    var events: [Event] = []
    var hooks: [Hook] = []

    /// - Parameter before: the sample before; without it there are no rates.
    init(_ now: TopSample, since before: TopSample?) {
        seconds = before.map { Double(now.time - $0.time) / 1e9 } ?? 0
        addInstances(now, before)
        addHooks(now, before)
    }

    private mutating func addInstances(_ now: TopSample, _ before: TopSample?) {
        let known = Dictionary((before?.instances ?? []).map { ($0.netid, $0) }) { first, _ in first }
        for instance in now.instances {
            let earlier = known[instance.netid].flatMap { $0.name == instance.name ? $0 : nil }
            var row = Instance(
                netid: instance.netid, name: instance.name, state: instance.state, held: instance.held.packets,
                oldest: instance.held.oldest)
            if let earlier, !instance.queues.isEmpty {
                func rate(_ counter: (ListInstances.Queue) -> Int) -> Double? {
                    self.rate(
                        instance.queues.reduce(0) { $0 &+ counter($1) }, earlier.queues.reduce(0) { $0 &+ counter($1) })
                }
                row.flow = Flow(
                    received: rate(\.received), passed: rate(\.accepted), dropped: rate(\.dropped),
                    lost: rate { $0.queueFullDrops &+ $0.socketFullDrops })
                row.latency = Latency(instance.queues, since: earlier.queues)
            }
            total.add(row.flow)
            held += row.held
            oldest = [oldest, row.oldest].compactMap(\.self).max()
            latency.add(row.latency)
            instances.append(row)
        }
    }

    private mutating func addHooks(_ now: TopSample, _ before: TopSample?) {
        let known = Dictionary((before?.hooks ?? []).map { ($0.place, $0) }) { first, _ in first }
        for hook in now.hooks where hook.state != .takenOff {
            let earlier = known[hook.place]
            let row = Hook(
                netid: hook.netid, instance: hook.instance, family: hook.family, event: hook.event,
                position: hook.position, name: hook.name, module: hook.module,
                packets: earlier.flatMap { rate(hook.hits, $0.hits) },
                dropped: earlier.flatMap { rate(hook.drops, $0.drops) })
            hooks.append(row)
            if hook.position == 1 || events.isEmpty {
                events.append(
                    Event(
                        netid: hook.netid, instance: hook.instance, family: hook.family, event: hook.event, hooks: 0,
                        packets: row.packets))
            }
            events[events.count - 1].hooks += 1
            if let dropped = row.dropped {
                events[events.count - 1].dropped = (events[events.count - 1].dropped ?? 0) + dropped
            }
        }
    }

    private func rate(_ now: Int, _ before: Int) -> Double? {
        let (difference, isOver) = now.subtractingReportingOverflow(before)
        return isOver || difference < 0 || seconds <= 0 ? nil : Double(difference) / seconds
    }
}

extension TopRates.Flow {
    /// Adds what is known of another flow.
    mutating func add(_ other: Self) {
        func sum(_ one: Double?, _ other: Double?) -> Double? {
            guard let one, let other else { return one ?? other }
            return one + other
        }
        received = sum(received, other.received)
        passed = sum(passed, other.passed)
        dropped = sum(dropped, other.dropped)
        lost = sum(lost, other.lost)
    }
}

/// How much of a whole something is, 0 to 1; nil where there is nothing.
func share(of part: Double?, in whole: Double?) -> Double? {
    guard let part, let whole, whole > 0 else { return nil }
    return part / whole
}

extension ListHooks.Hook {
    /// What tells a hook from all others.
    fileprivate var place: [String] { ["\(netid)", family, event, name] }
}
