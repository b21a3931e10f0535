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

    /// Column 0 counts runs of the event, column n the hook at index n - 1.
    @usableFromInline let counters: CounterTable

    init(entries: consuming UniqueArray<HookEntry<Data>>, places: Int) {
        counters = CounterTable(rows: places, columns: entries.count + 1)
        self.entries = entries
    }

    /// Runs the hooks until one of them returns something else than `pass` (R81, R82).
    @inlinable
    borrowing func run(_ data: inout Data, place: Int) -> HookResult {
        counters.count(row: place, column: 0)
        var index = 0
        while index < entries.count {
            let result = entries[index].call(&data)
            index &+= 1
            counters.count(row: place, column: index)
            if result != .pass {
                return result
            }
        }
        return .pass
    }

    /// How often this chain was run.
    var runs: UInt64 { counters.total(column: 0) }

    /// How often the hook of that registration ran in this chain; 0 if it is not in it.
    func hits(of registration: UInt64) -> UInt64 {
        for index in entries.indices where entries[index].registration == registration {
            return counters.total(column: index + 1)
        }
        return 0
    }
}
