// SPDX-License-Identifier: Apache-2.0

import BasicContainers
public import Synchronization
import SystemPackage

// How it works: EventChain.swift shows who owns what. This file says who may change it when.
//
// Locking, outermost first:
//
//   turn       one register or unregister at a time. Held while `interest` is called and while closures of hooks that
//              were taken off are released; both may call back, and a call that would need the turn again is EDEADLK.
//              Never held while waiting for readers, so a hook that registers another one gets its turn.
//   state      the list, the chains and the counters. Held for moments; nothing is called back under it.
//   (none)     running hooks and reading `isInterested` take no lock at all.
//
// Registering never waits for readers: the old chain holds only hooks that stay, and is freed by a later call, or at
// once if nobody is inside. Unregistering waits, with no lock held, and then frees everything that was retired up to
// then. It takes the turn for that, so that it cannot return while another thread is still releasing its closure.
//
// What comes and goes: publish first, then `interest(true)`; publish, `interest(false)`, then wait (R45, R50).

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
    /// How hints become an order.
    public let ordering: Ordering
    /// How many hooks there can be at a time.
    public let limit: Int

    @usableFromInline let publication: Publication
    @usableFromInline let published: PublishedChain<Data>
    @usableFromInline let interested = Atomic<Bool>(false)

    private let interest: Interest
    private let turn = Turn()
    private let state: Mutex<EventState<Data>>

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
        self.ordering = ordering
        self.publication = publication
        self.limit = limit
        self.interest = interest
        let empty = ChainBox<Data>(EventChain(entries: UniqueArray(), places: publication.readers))
        published = PublishedChain(empty)
        state = Mutex(EventState(current: empty))
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
        // A reader of another publication would protect nothing, and its index would count in a foreign row.
        precondition(reader.publication === publication)
        return published.run(&data, place: reader.index)
    }

    /// `he_interested`: whether a hook is registered. One atomic load; may be out of date at once (R87).
    @inlinable
    public var isInterested: Bool { interested.load(ordering: .acquiring) }

    // MARK: Registering

    /// Registers a hook: `net_hook_register` as far as the event is concerned.
    ///
    /// It may run before this returns (R106). Works from inside a hook, also of the same event; the walk in progress
    /// does not see the newcomer. On any failure nothing has changed (R46).
    ///
    /// - Throws: in this order: `EDEADLK` from inside `interest`; `ESHUTDOWN` after `shutDown` or `condemn`; `EEXIST`
    ///   for a name that is taken; `EINVAL` for a hint that does not exist; `ESRCH` for a target that is not registered
    ///   (documented ordering only); `EBUSY` for a hint that conflicts with another hook; `ENOMEM` at the limit; then
    ///   whatever `interest` throws.
    public func register(_ hook: Hook<Data>) throws(HookError) {
        let undone = try turn.take { () throws(HookError) -> Undone? in try add(hook) }
        if let undone {
            // From inside a hook the wait would never end; a later call frees what this one leaves.
            if !publication.isCallerInside {
                try quiesce(undone.epoch)
            }
            throw undone.error
        }
    }

    /// A registration that was taken back because nobody could be interested.
    private struct Undone {
        let epoch: UInt64
        let error: HookError
    }

    /// Registers a hook and tells that the event is wanted. Needs the turn.
    private func add(_ hook: Hook<Data>) throws(HookError) -> Undone? {
        let isFirst = try state.withLock { state throws(HookError) -> Bool in
            try state.insert(hook, ordering: ordering, limit: limit)
            publish(&state)
            return state.records.count == 1
        }
        if isFirst {
            do {
                try interest(true)
            } catch {
                let epoch = state.withLock { state in
                    _ = state.remove(hook.name)
                    return publish(&state)
                }
                return Undone(epoch: epoch, error: error)
            }
        }
        state.withLock { $0.added += 1 }
        // A thread that carries packets should not be the one that frees things.
        if !publication.isCallerInside {
            reclaim(upTo: 0)
        }
        return nil
    }

    /// Takes a hook off: `net_hook_unregister` as far as the event is concerned.
    ///
    /// When this returns, the hook runs on no thread and never will again, and its function has been released: what it
    /// used may be freed (R51, R107). Waits for as long as a thread is inside the reader that ran it. Works in every
    /// phase of the event's life (R49).
    ///
    /// - Throws: `EDEADLK` from inside a hook, from inside `interest`, or anywhere else between `enter` and `leave`
    ///   of a reader; `ENXIO` if there is no hook of that name. Nothing has changed then.
    public func unregister(named hookName: String) throws(HookError) {
        if publication.isCallerInside {
            throw HookError(.deadlock, "hook \(hookName): unregistering from inside a hook")
        }
        let epoch = try turn.take { () throws(HookError) -> UInt64 in try remove(hookName) }
        try quiesce(epoch)
    }

    /// Takes a hook off and tells if nobody wants the event any more. Needs the turn.
    ///
    /// - Returns: the epoch to wait for.
    private func remove(_ hookName: String) throws(HookError) -> UInt64 {
        let epoch = try state.withLock { state throws(HookError) -> UInt64 in
            guard state.remove(hookName) else {
                throw HookError(.noSuchAddressOrDevice, "no hook \(hookName) on event \(family)/\(name)")
            }
            state.removed += 1
            return publish(&state)
        }
        if !isInterested {
            try? interest(false)
        }
        return epoch
    }

    /// Replaces the published chain by one of the present list and returns the epoch that began with it.
    @discardableResult
    private func publish(_ state: inout EventState<Data>) -> UInt64 {
        let chain = state.makeChain(places: publication.readers)
        published.replace(by: chain)
        interested.store(!state.records.isEmpty, ordering: .releasing)
        let epoch = publication.advance()
        state.replaceCurrent(by: chain, epoch: epoch)
        return epoch
    }

    /// Waits until nobody is inside what was replaced in `epoch`, and frees it.
    private func quiesce(_ epoch: UInt64) throws(HookError) {
        publication.wait(until: epoch)
        try turn.take { reclaim(upTo: epoch) }
    }

    /// Frees retired chains: those up to an epoch that was waited for, and others that nobody happens to be inside.
    ///
    /// Needs the turn. Releases closures, so whatever their owners do when they go is done here, with no other lock.
    private func reclaim(upTo epoch: UInt64) {
        let expired = state.withLock { state in
            state.takeExpired { $0 <= epoch || publication.hasReached($0) }
        }
        _ = consume expired
    }

    // MARK: Looking

    /// What it has counted so far: exact while nobody runs it, else at most a moment behind.
    public var counters: EventCounters { state.withLock { $0.counters } }

    /// The registered hooks in the order in which they run.
    public func snapshot() -> [HookDescription] { state.withLock { $0.descriptions } }

    // MARK: Going

    /// Whether it was condemned and its last hook is gone: nobody needs it any more.
    public var isGone: Bool { state.withLock { $0.phase == .condemned && $0.records.isEmpty } }

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
