// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

// Hooks that come and go. Which thread may do what when: HookEvent.swift.
extension HookEvent where Data: ~Copyable {
    /// Registers a hook: `net_hook_register` as far as the event is concerned.
    ///
    /// It may run before this returns (R106). Works from inside a hook, also of the same event; the walk in progress
    /// does not see the newcomer. On any failure nothing has changed and nobody is told (R46). Waits while a hook of
    /// that name is still being taken off by another thread.
    ///
    /// - Parameters:
    ///   - hook: what to run.
    ///   - record: called once when the hook is in its place, before the callbacks hear of it (R45).
    /// - Throws: in this order: `EDEADLK` where it would wait for itself, such as from inside `interest` or a callback
    ///   of this event; `ESHUTDOWN` after `shutDown` or `condemn`; `EEXIST` for a name that is taken; `EINVAL` for a
    ///   hint that does not exist; `ESRCH` for a target that is not registered (documented ordering only); `EBUSY` for
    ///   a hint that conflicts with another hook; `ENOMEM` at the limit; then whatever `interest` throws.
    public func register(_ hook: Hook<Data>, record: () -> Void = {}) throws(HookError) {
        while true {
            switch try turn.take({ () throws(HookError) in try add(hook, record: record) }) {
            case .registered:
                return
            case .nameIsLeaving(let departure):
                try departure.take {}
            case .undone(let error, let epoch):
                // From inside a hook the wait would never end; a later call frees what this one leaves.
                if !publication.isCallerInside {
                    publication.wait(until: epoch)
                    try turn.takeSurely { reclaim(upTo: epoch) }
                }
                throw error
            }
        }
    }

    /// How far one attempt to register has come.
    private enum Registration {
        case registered
        /// A hook of that name is on its way out.
        case nameIsLeaving(Turn)
        /// Taken back because nobody could be interested.
        case undone(HookError, epoch: UInt64)
    }

    /// Registers a hook and tells that the event is wanted. Needs the turn.
    private func add(_ hook: Hook<Data>, record: () -> Void) throws(HookError) -> Registration {
        let departure = try state.withLock { state throws(HookError) -> Turn? in
            if state.phase == .live, let departure = state.departure(of: hook.name) { return departure }
            try state.insert(hook)
            publish(&state)
            return nil
        }
        if let departure { return .nameIsLeaving(departure) }
        if state.withLock({ $0.records.count == 1 }) {
            do {
                try interest(true)
            } catch {
                let epoch = state.withLock { state in
                    _ = state.remove(hook.name)
                    return publish(&state)
                }
                return .undone(error, epoch: epoch)
            }
        }
        let callbacks = state.withLock { state in
            state.added += 1
            return state.listeners.callbacks
        }
        record()
        callbacks.tell(HookNotification(.register, family, name, hook.name))
        // A thread that carries packets should not be the one that frees things.
        if !publication.isCallerInside {
            reclaim(upTo: 0)
        }
        return .registered
    }

    /// Takes a hook off: `net_hook_unregister` as far as the event is concerned.
    ///
    /// When this returns, the hook runs on no thread and never will again, and its function has been released: what it
    /// used may be freed (R51, R107). Waits for as long as a thread is inside the reader that ran it. Works in every
    /// phase of the event's life (R49).
    ///
    /// - Parameters:
    ///   - hookName: its name.
    ///   - registration: which hook of that name, so that one that has taken its place meanwhile is left alone; nil for
    ///     whichever it is.
    ///   - record: called once when the callbacks have heard that the hook is gone (R50).
    /// - Throws: `EDEADLK` from inside a hook, or anywhere else between `enter` and `leave` of a reader, and where it
    ///   would wait for itself, such as from inside `interest` or a callback of this event; `ENXIO` if there is no hook
    ///   of that name, or another one. Nothing has changed then.
    public func unregister(
        named hookName: String, registration: UInt64?, record: () -> Void
    ) throws(HookError) {
        if publication.isCallerInside {
            throw HookError(.deadlock, "hook \(hookName): unregistering from inside a hook")
        }
        let departure = Turn()
        try departure.begin()
        defer { departure.end() }
        let epoch = try removed(hookName, registration, departure)
        publication.wait(until: epoch)
        try turn.takeSurely {
            reclaim(upTo: epoch)
            let listeners = state.withLock { $0.listeners(ofDeparture: departure) }
            listeners.tell(HookNotification(.unregister, family, name, hookName))
            record()
            state.withLock { $0.endDeparture(departure) }
        }
    }

    /// Takes a hook off as soon as the one that it has replaced, if any, is gone, and returns the epoch to wait for.
    private func removed(
        _ hookName: String, _ registration: UInt64?, _ departure: Turn
    ) throws(HookError) -> UInt64 {
        while true {
            switch try turn.take({ () throws(HookError) in try remove(hookName, registration, departure) }) {
            case .removed(let epoch): return epoch
            case .isReplacing(let earlier): try earlier.take {}
            }
        }
    }

    /// How far one attempt to take a hook off has come.
    private enum Removal {
        /// What is published from this epoch on is without it.
        case removed(UInt64)
        /// The hook that it replaced is still on its way out.
        case isReplacing(Turn)
    }

    /// Takes a hook off and tells if nobody wants the event any more. Needs the turn.
    private func remove(
        _ hookName: String, _ registration: UInt64?, _ departure: Turn
    ) throws(HookError) -> Removal {
        let removal = try state.withLock { state throws(HookError) -> Removal in
            guard let record = state.records.first(where: { $0.hook.name == hookName }) else {
                throw HookError(.noSuchAddressOrDevice, "no hook \(hookName) on event \(family)/\(name)")
            }
            if let registration, registration != record.registration {
                throw HookError(
                    .noSuchAddressOrDevice, "hook \(hookName) on event \(family)/\(name) is another one by now")
            }
            if let earlier = state.departure(of: hookName) { return .isReplacing(earlier) }
            _ = state.remove(hookName)
            state.removed += 1
            state.beginDeparture(of: hookName, turn: departure)
            return .removed(publish(&state))
        }
        if case .removed = removal, !isInterested {
            try? interest(false)
        }
        return removal
    }

    /// Replaces the published chain by one of the present list and returns the epoch that began with it.
    @discardableResult
    func publish(_ state: inout EventState<Data>) -> UInt64 {
        let chain = state.makeChain(places: publication.readers)
        published.replace(by: chain)
        interested.store(!state.records.isEmpty, ordering: .releasing)
        let epoch = publication.advance()
        state.replaceCurrent(by: chain, epoch: epoch)
        return epoch
    }

    /// Frees retired chains: those up to an epoch that was waited for, and others that nobody happens to be inside.
    ///
    /// Needs the turn. Releases closures, so whatever their owners do when they go is done here, with no other lock.
    func reclaim(upTo epoch: UInt64) {
        let expired = state.withLock { state in
            state.takeExpired { $0 <= epoch || publication.hasReached($0) }
        }
        _ = consume expired
    }
}
