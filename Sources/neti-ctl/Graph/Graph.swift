// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// What is drawn: instances, on each the events that have hooks, on each of these the chain.
struct Graph {
    struct Card {
        var netid: Int
        var name: String
        var netns: String?
        var state: ListInstances.State
        /// Why it failed.
        var reason: String?
        var onExit: ListInstances.OnExit
        var received: Int
        var dropped: Int
        /// Packets that the kernel dropped because a queue or a socket's buffer was full.
        var lost: Int
        var held: Int
        var rows: [Row]
    }

    /// One event of one family.
    struct Row {
        var family: String
        var event: String
        var chain: [Hook]
        /// Packets that met it.
        var packets: Int { chain.first?.hits ?? 0 }
        /// Packets that were left at its end.
        var passed: Int { chain.last.map { max(0, $0.hits &- $0.drops) } ?? 0 }
    }

    struct Hook {
        var name: String
        var module: String?
        var hits: Int
        var drops: Int
    }

    /// In the order of their netids.
    let cards: [Card]

    init(_ instances: [ListInstances.Instance], _ hooks: [ListHooks.Hook]) {
        // No packet meets the others.
        let byInstance = Dictionary(grouping: hooks.filter { $0.state != .takenOff }) { "\($0.netid) \($0.instance)" }
        cards = instances.map { instance in
            let sum = { (counter: (ListInstances.Queue) -> Int) in instance.queues.reduce(0) { $0 &+ counter($1) } }
            return Card(
                netid: instance.netid, name: instance.name, netns: instance.netns, state: instance.state,
                reason: instance.reason, onExit: instance.onExit, received: sum(\.received), dropped: sum(\.dropped),
                lost: sum { $0.queueFullDrops &+ $0.socketFullDrops }, held: instance.held.packets,
                rows: Self.rows(byInstance["\(instance.netid) \(instance.name)"] ?? []))
        }
    }

    private static func rows(_ hooks: [ListHooks.Hook]) -> [Row] {
        let chains = Dictionary(grouping: hooks) { [$0.family, $0.event] }
        return chains.values.map { chain in
            Row(
                family: chain[0].family, event: chain[0].event,
                chain: chain.sorted { $0.position < $1.position }.map {
                    Hook(name: $0.name, module: $0.module, hits: $0.hits, drops: $0.drops)
                })
        }.sorted { one, other in
            let places = (place(one), place(other))
            return places.0 != places.1 ? places.0 < places.1 : (one.family, one.event) < (other.family, other.event)
        }
    }

    /// Where a packet meets the event on its way; first the families one by one, events of news about them last.
    private static func place(_ row: Row) -> Int {
        let families = ["inet", "inet6", "arp"]
        let events = [
            "PHYSICAL_IN", "FORWARDING", "LOOPBACK_OUT", "LOOPBACK_IN", "PHYSICAL_OUT", "OBSERVING", "NIC_EVENTS",
        ]
        let family = families.firstIndex(of: row.family) ?? families.count
        return family * (events.count + 1) + (events.firstIndex(of: row.event) ?? events.count)
    }
}
