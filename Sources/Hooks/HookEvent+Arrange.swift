// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

// Many hooks at once. Which thread may do what when: HookEvent.swift.
extension HookEvent where Data: ~Copyable {
    /// Adds, removes, replaces and reorders hooks in one step: every run of the event sees all of it or nothing.
    ///
    /// A hook that only stays keeps its registration and its counters. Whoever is not mentioned stays too; those that are
    /// mentioned stand behind them in the order given, as if they had been registered one after the other, as far as hints
    /// ask for nothing else. When this returns, what has left runs on no thread and its function has been released, as
    /// after `unregister`. Callbacks hear of newcomers at once, and of a hook that was replaced and of its successor when
    /// the former is gone. On any failure nothing has changed and nobody is told.
    ///
    /// - Parameters:
    ///   - places: the hooks that there shall be, beside those of others.
    ///   - removing: names of hooks that leave. One that isn't there is no error.
    ///   - rules: what holds for the event from now on; nil leaves it as it is.
    ///   - record: called once for each hook that has come or left, around the callbacks as in `register` and `unregister`.
    /// - Throws: `EDEADLK` from inside a hook and where it would wait for itself; `ENXIO` for a place of a hook that isn't
    ///   registered; `EEXIST` for two of one name; and what `register` throws for a new hook.
    public func arrange(
        _ places: [HookPlace<Data>], removing: Set<String> = [], rules: ChainRules? = nil,
        record: (HookPassage) -> Void = { _ in }
    ) throws(HookError) {
        if publication.isCallerInside {
            throw HookError(.deadlock, "arranging the hooks of event \(family)/\(name) from inside a hook")
        }
        let departure = Turn()
        try departure.begin()
        defer { departure.end() }
        let request = Request(places: places, removing: removing, rules: rules, departure: departure)
        while true {
            switch try turn.take({ () throws(HookError) in try attempt(request, record: record) }) {
            case .complete:
                return
            case .nameIsLeaving(let earlier):
                try earlier.take {}
            case .undone(let error, let epoch):
                publication.wait(until: epoch)
                try turn.takeSurely { reclaim(upTo: epoch) }
                throw error
            case .leaving(let change, let epoch):
                publication.wait(until: epoch)
                try turn.takeSurely { finish(change, departure, upTo: epoch, record: record) }
                return
            }
        }
    }

    private struct Request {
        let places: [HookPlace<Data>]
        let removing: Set<String>
        let rules: ChainRules?
        let departure: Turn

        var names: [String] { Array(removing) + places.map(\.name) }
    }

    /// How far one attempt has come.
    private enum Attempt {
        case complete
        /// A hook of a name that is mentioned is on its way out.
        case nameIsLeaving(Turn)
        /// Taken back because nobody could be interested.
        case undone(HookError, epoch: UInt64)
        /// Done but for telling who is gone, which has to wait for that epoch.
        case leaving(EventState<Data>.Rearrangement, epoch: UInt64)
    }

    /// Publishes the new chain and tells of newcomers. Needs the turn.
    private func attempt(_ request: Request, record: (HookPassage) -> Void) throws(HookError) -> Attempt {
        let wasInterested = isInterested
        var undo: EventState<Data>.Rearrangement?
        var epoch: UInt64 = 0
        var earlier: Turn?
        let change = try state.withLock { state throws(HookError) in
            earlier = request.names.compactMap { state.departure(of: $0) }.first
            let change = try state.rearrangement(request.places, removing: request.removing, rules: request.rules)
            if earlier != nil { return change }
            undo = state.apply(change)
            if change.isChange { epoch = publish(&state) }
            return change
        }
        if let earlier { return .nameIsLeaving(earlier) }
        if let undo, let error = follow(wasInterested: wasInterested) {
            return .undone(
                error,
                epoch: state.withLock { state in
                    _ = state.apply(undo)
                    return publish(&state)
                })
        }
        let callbacks = state.withLock { state in
            state.added += UInt64(change.coming.count + change.replaced.count)
            state.removed += UInt64(change.going.count)
            for name in change.going {
                state.beginDeparture(
                    of: name, turn: request.departure, isReplaced: change.replaced.contains(name))
            }
            return state.listeners.callbacks
        }
        for name in change.coming {
            record(.came(name))
            callbacks.tell(HookNotification(.register, family, self.name, name))
        }
        if !change.going.isEmpty { return .leaving(change, epoch: epoch) }
        reclaim(upTo: 0)
        return .complete
    }

    /// Tells whether the event is wanted, if that is new; what keeps it from being so.
    private func follow(wasInterested: Bool) -> HookError? {
        guard isInterested != wasInterested else { return nil }
        do throws(HookError) {
            try interest(!wasInterested)
            return nil
        } catch {
            return wasInterested ? nil : error
        }
    }

    /// Frees what has left and tells. Needs the turn.
    private func finish(
        _ change: EventState<Data>.Rearrangement, _ departure: Turn, upTo epoch: UInt64,
        record: (HookPassage) -> Void
    ) {
        reclaim(upTo: epoch)
        let listeners = state.withLock { $0.listeners(ofDeparture: departure) }
        for name in change.going {
            listeners.tell(HookNotification(.unregister, family, self.name, name))
            record(.left(name))
            guard change.replaced.contains(name) else { continue }
            record(.came(name))
            listeners.tell(HookNotification(.register, family, self.name, name))
        }
        state.withLock { $0.endDeparture(departure) }
    }
}
