// SPDX-License-Identifier: Apache-2.0

import BasicContainers
public import Synchronization
import SystemPackage

// How it works: EventChain.swift shows who owns what. This file says who may change it when.
//
// Locking, outermost first:
//
//   turn       one change at a time. Held while `interest` and notify callbacks are called and while closures of hooks
//              that were taken off are released; all of these may call back, and a call that would wait for itself is
//              EDEADLK. Not held while waiting for readers, so a hook that registers another one gets its turn.
//   state      the list, the chains, the counters and the callbacks. Held for moments; nothing is called under it.
//   (none)     running hooks and reading `isInterested` take no lock at all.
//
// Registering never waits for readers: the old chain holds only hooks that stay, and is freed by a later call, or at
// once if nobody is inside. Unregistering goes in two steps, each in the turn. The first takes the hook off the list;
// then it waits for readers; the second frees what was retired and tells the callbacks, who so hear of a hook only
// when nobody can be inside it (R51). In between the name isn't free (Departure.swift), so that the going of one hook
// is told before the coming of the next of that name.
//
// Between the steps there is no way back, so the second turn is waited for surely. Could two such waits form a circle
// (each thread in a callback of the object whose turn the other wants)? Each would have taken its first step on the
// other's object before the other took the turn it now holds, and after it took its own: each before the other.
//
// What comes and goes: publish, `interest(true)`, callbacks; publish, `interest(false)`, wait, callbacks (R45, R50).

/// One event: a named point at which hooks run, with the ordered chain of hooks registered on it.
///
/// Generic over what the hooks get, so that a packet can be noncopyable and handed on by reference without any
/// bookkeeping. May be used from any thread.
public final class HookEvent<Data: ~Copyable>: Event {
    /// Called with true when the first hook has been registered and with false when the last one has been taken off.
    ///
    /// On the thread that registers or unregisters, one call at a time per event. It may take its time, but must not
    /// wait for a thread that runs hooks. What it throws for true undoes the registration and is thrown to its
    /// caller. What it throws for false is dropped, for the hook is gone all the same: it reports such trouble itself.
    public typealias Interest = @Sendable (Bool) throws(HookError) -> Void

    /// The name of the family it belongs to, such as `inet`.
    public let family: String
    /// Its name, such as `PHYSICAL_IN`.
    public let name: String
    /// `he_flags`.
    public let flags: EventFlags
    @usableFromInline let publication: Publication
    @usableFromInline let published: PublishedChain<Data>
    @usableFromInline let interested = Atomic<Bool>(false)

    let interest: Interest
    let turn = Turn()
    let state: Mutex<EventState<Data>>

    /// Makes an event without hooks.
    ///
    /// - Parameters:
    ///   - family: the name of its family, such as `inet`.
    ///   - name: such as `PHYSICAL_IN`.
    ///   - flags: `he_flags`.
    ///   - ordering: how hints become an order.
    ///   - publication: the readers that will run it.
    ///   - limit: how many hooks there can be at a time.
    ///   - interest: told when hooks are wanted and when not any more.
    public init(
        family: String, name: String, flags: EventFlags = [], ordering: Ordering, publication: Publication, limit: Int,
        interest: @escaping Interest
    ) {
        self.family = family
        self.name = name
        self.flags = flags
        self.publication = publication
        self.interest = interest
        let empty = ChainBox<Data>(EventChain(entries: UniqueArray(), places: publication.readers))
        published = PublishedChain(empty)
        state = Mutex(EventState(current: empty, ordering: ordering, limit: limit))
    }

    // MARK: The packet path

    /// Runs the hooks in order until one returns something else than `pass`, and returns that (R81, R82).
    ///
    /// Allocates, locks and retains nothing. Counts one event and one hit per executed hook. Several threads may run it
    /// at once, each with its own reader (R85); a hook may run it again with the same reader (R86).
    ///
    /// - Parameters:
    ///   - data: what the hooks get.
    ///   - reader: of the publication the event was made with; the calling thread has entered it.
    @inlinable
    public func run(_ data: inout Data, reader: borrowing Reader) -> HookResult {
        decide(&data, reader: reader).result
    }

    /// The same, and says which hook it was that ended the walk.
    @inlinable
    public func decide(_ data: inout Data, reader: borrowing Reader) -> HookDecision {
        // A reader of another publication would protect nothing, and its index would count in a foreign row.
        precondition(reader.publication === publication)
        return published.run(&data, place: reader.index)
    }

    /// `he_interested`: whether a hook is registered. One atomic load; may be out of date at once (R87).
    @inlinable
    public var isInterested: Bool { interested.load(ordering: .acquiring) }

    // MARK: Looking

    /// How hints become an order.
    public var ordering: Ordering { state.withLock { $0.ordering } }

    /// How many hooks there can be at a time.
    public var limit: Int { state.withLock { $0.limit } }

    /// What it has counted so far: exact while nobody runs it, else at most a moment behind.
    public var counters: EventCounters { state.withLock { $0.counters } }

    /// The registered hooks in the order in which they run.
    public func snapshot() -> [HookDescription] { state.withLock { $0.descriptions } }

    /// The hook that a reader's thread is inside; nil if it is in none.
    ///
    /// For threads that are stuck: of one that moves it tells where it was at some moment, or nothing.
    public func hookInside(reader index: Int) -> String? { state.withLock { $0.hookInside(place: index) } }

    // MARK: Going

    /// Whether it was condemned and its last hook and callback are gone: nobody needs it any more (R1, R142).
    public var isGone: Bool { state.withLock { $0.phase == .condemned && $0.isIdle } }

    /// Accepts no more hooks; those registered keep running and can be taken off (R38, R88).
    ///
    /// - Returns: whether this call is the first to announce the event's end (R39).
    @discardableResult
    public func shutDown() -> Bool { enter(.shutDown) }

    /// Shuts the event down and marks it as unwanted: it is gone as soon as its last hook is (R37).
    ///
    /// - Returns: whether this call is the first to announce the event's end (R39).
    @discardableResult
    public func condemn() -> Bool { enter(.condemned) }

    private func enter(_ phase: Phase) -> Bool {
        state.withLock { state in
            let wasLive = state.phase == .live
            state.phase = max(state.phase, phase)
            return wasLive
        }
    }
}
