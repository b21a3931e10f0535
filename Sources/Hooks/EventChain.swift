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

    /// Column 0 counts runs of the event. Behind it are the hits of each hook, then the drops of each, and so on.
    @usableFromInline let counters: CounterTable

    init(entries: consuming UniqueArray<HookEntry<Data>>, places: Int) {
        // A provider runs events without hooks for the moment at most in which the last one goes, and most have none.
        counters = CounterTable(
            rows: places, columns: 1 + HookFigure.allCases.count * entries.count, isBusy: !entries.isEmpty)
        self.entries = entries
    }

    @inlinable
    borrowing func column(_ figure: HookFigure, _ index: Int) -> Int {
        1 &+ figure.rawValue &* entries.count &+ index
    }

    /// Runs the hooks until one of them returns something else than `pass` (R81, R82).
    @inlinable
    borrowing func run(_ data: inout Data, place: Int) -> HookDecision {
        counters.count(row: place, column: 0)
        var index = 0
        while index < entries.count {
            var begin: UInt64 = 0
            if entries[index].watch.budget > 0 {
                begin = MonotonicClock.now
                if entries[index].watch.isSkipped(at: begin) {
                    counters.count(row: place, column: column(.skipped, index))
                    index &+= 1
                    continue
                }
            }
            let result: HookResult
            do {
                result = try entries[index].call(&data)
            } catch {
                counters.count(row: place, column: column(.failures, index))
                result = entries[index].watch.note(failure: error)
            }
            counters.count(row: place, column: column(.hits, index))
            if begin > 0 { noteTime(since: begin, index, place: place) }
            if result != .pass {
                counters.count(row: place, column: column(.drops, index))
                return HookDecision(result: result, registration: entries[index].registration)
            }
            index &+= 1
        }
        return .pass
    }

    @inlinable
    borrowing func noteTime(since begin: UInt64, _ index: Int, place: Int) {
        let now = MonotonicClock.now
        guard now &- begin > entries[index].watch.budget else { return }
        counters.count(row: place, column: column(.overBudget, index))
        entries[index].watch.note(overBudget: now &- begin, at: now)
    }

    /// How often this chain was run.
    var runs: UInt64 { counters.total(column: 0) }

    /// What the hook of that registration counted in this chain; nothing if it is not in it.
    func counts(of registration: UInt64) -> HookCounts {
        for index in entries.indices where entries[index].registration == registration {
            func total(_ figure: HookFigure) -> UInt64 { counters.total(column: column(figure, index)) }
            return HookCounts(
                hits: total(.hits), drops: total(.drops), failures: total(.failures), overBudget: total(.overBudget),
                skipped: total(.skipped))
        }
        return HookCounts()
    }

    /// The registration of the hook that the thread of a place is inside, 0 if it is in none.
    ///
    /// Told from the counters, so that running a hook costs nothing more: each hook is entered as often as the one before
    /// it let something pass, and counted when it has returned. Right for a thread that doesn't move.
    func registrationInside(place: Int) -> UInt64 {
        func count(_ column: Int) -> UInt64 { counters.value(row: place, column: column) }
        var entered = count(0)
        for index in entries.indices {
            let left = count(column(.hits, index)) &+ count(column(.skipped, index))
            if entered != left { return entries[index].registration }
            entered = left &- count(column(.drops, index))
        }
        return 0
    }
}
