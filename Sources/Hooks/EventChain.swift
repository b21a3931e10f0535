// SPDX-License-Identifier: Apache-2.0

public import BasicContainers

// How it works
//
//     HookEvent --- control state (Mutex) --- ChainBox (current) ---.
//         |               |                                          v
//         |               '--- retired: [ChainBox, epoch] --> EventChain --- [HookEntry]   one per hook, in order
//         |                                                          ^  '--- CounterTable  a row per reader place
//         '--- PublishedChain: Atomic<pointer> -----------------------'
//
// A chain never changes once it is published. Registering or unregistering a hook builds another chain, swaps the
// pointer and retires the old one with the epoch that the swap began (Publication.swift).
//
// Who owns what: a ChainBox owns the memory of one chain; the control state owns the boxes; a chain owns its entries,
// and each entry one reference to the closure of its hook. PublishedChain owns nothing. A thread that runs an event
// borrows the chain for as long as it is inside its Reader. So the last reference to a closure goes away with the last
// retired chain that held it, on a control thread, never on one that carries packets.
//
// Hits are counted in the chain, in the row of the thread that runs it. Before a retired chain is freed, its counters
// are added to those of the registrations they belong to; a total is what has been added plus what chains still hold.
//
// Locking: HookEvent.swift.

/// The hooks of one event in the order in which they run.
@usableFromInline
struct EventChain<Data: ~Copyable>: ~Copyable, Sendable {
    @usableFromInline let entries: UniqueArray<HookEntry<Data>>

    /// Column 0 counts runs of the event; behind it are the hits of each hook, then the drops of each hook.
    @usableFromInline let counters: CounterTable

    init(entries: consuming UniqueArray<HookEntry<Data>>, places: Int) {
        counters = CounterTable(rows: places, columns: 1 + 2 * entries.count)
        self.entries = entries
    }

    /// Runs the hooks until one of them returns something else than `pass` (R81, R82).
    @inlinable
    borrowing func run(_ data: inout Data, place: Int) -> HookDecision {
        counters.count(row: place, column: 0)
        var index = 0
        while index < entries.count {
            let result = entries[index].call(&data)
            counters.count(row: place, column: 1 &+ index)
            if result != .pass {
                counters.count(row: place, column: 1 &+ entries.count &+ index)
                return HookDecision(result: result, registration: entries[index].registration)
            }
            index &+= 1
        }
        return .pass
    }

    /// How often this chain was run.
    var runs: UInt64 { counters.total(column: 0) }

    /// What the hook of that registration counted in this chain; nothing if it is not in it.
    func counts(of registration: UInt64) -> HookCounts {
        for index in entries.indices where entries[index].registration == registration {
            return HookCounts(
                hits: counters.total(column: 1 + index), drops: counters.total(column: 1 + entries.count + index))
        }
        return HookCounts()
    }
}
