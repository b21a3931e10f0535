// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

// Locking, outermost first:
//
//   turn       one change at a time. Held while callbacks hear of events that come and go.
//   state      the list of events and the callbacks. Held for moments; nothing is called under it.
//
// A family doesn't know the list it is in: `FamilyList` tells who wants to hear of families.

/// The events of one protocol under the protocol's family name: hook_family(9S).
///
/// Finds events by name and tells callbacks which come and go. A condemned event is found until its last hook and
/// callback are gone (R37), then it is forgotten; the same holds for the family itself, whose owner asks `isGone`
/// (R33, R40). May be used from any thread; not for the packet path, which holds its `HookEvent`s directly.
public final class HookFamily: Sendable {
    private struct State {
        /// Newest first (R8).
        var events: [any Event] = []
        var listeners = NotifyList()
        var phase = Phase.live

        /// Forgets events that nobody needs any more. Asked at each look, so that events know nothing of families.
        mutating func forgetGone() {
            events.removeAll(where: \.isGone)
        }

        mutating func event(named name: String) -> (any Event)? {
            forgetGone()
            return events.first { $0.name == name }
        }
    }

    /// Such as `inet`.
    public let name: String

    private let turn = Turn()
    private let state = Mutex(State())

    /// Makes a family without events.
    public init(name: String) {
        self.name = name
    }

    // MARK: Events

    /// All events, newest first (R8).
    public var events: [any Event] {
        state.withLock { state in
            state.forgetGone()
            return state.events
        }
    }

    /// The event of that name, nil if there is none. Of two with one name the newer (R36).
    public func event(named eventName: String) -> (any Event)? {
        state.withLock { $0.event(named: eventName) }
    }

    /// Adds an event and tells it: `net_event_register` as far as the family is concerned (R36).
    ///
    /// - Parameters:
    ///   - event: what to find from now on under its name.
    ///   - record: called once when the event is in its place, before the callbacks hear of it.
    /// - Throws: `EDEADLK` where it would wait for itself, such as from inside a callback of this family; `ESHUTDOWN`
    ///   after `shutDown` or `condemn`; `EEXIST` if this very event is here already; `EINVAL` if it was made for
    ///   another family. An equal name is no error.
    public func add(_ event: any Event, record: () -> Void = {}) throws(HookError) {
        try turn.take { () throws(HookError) in
            let callbacks = try state.withLock { state throws(HookError) in
                state.forgetGone()
                if state.phase != .live {
                    throw HookError(.socketShutdown, "event \(event.name): family \(name) was shut down")
                }
                if state.events.contains(where: { $0 === event }) {
                    throw HookError(.fileExists, "event \(event.name) is registered already")
                }
                if event.family != name {
                    throw HookError(
                        .invalidArgument, "event \(event.name) is one of family \(event.family), not \(name)")
                }
                state.events.insert(event, at: 0)
                return state.listeners.callbacks
            }
            record()
            callbacks.tell(HookNotification(.register, name, nil, event.name))
        }
    }

    /// Shuts an event down and tells it: `net_event_shutdown` as far as the family is concerned (R38).
    ///
    /// - Returns: whether its going was told now, and not earlier (R39).
    /// - Throws: `EDEADLK` as in ``add(_:record:)``; `ESRCH` if there is no event of that name.
    @discardableResult
    public func shutDownEvent(named eventName: String) throws(HookError) -> Bool {
        try end(eventName) { $0.shutDown() }
    }

    /// Takes an event off and tells it, if nobody did before: `net_event_unregister` as far as the family is concerned
    /// (R37). It stays, condemned, for as long as it has hooks or callbacks.
    ///
    /// - Returns: whether its going was told now, and not earlier (R39).
    /// - Throws: `EDEADLK` as in ``add(_:record:)``; `ESRCH` if there is no event of that name.
    @discardableResult
    public func unregisterEvent(named eventName: String) throws(HookError) -> Bool {
        try end(eventName) { $0.condemn() }
    }

    private func end(_ eventName: String, by ending: (any Event) -> Bool) throws(HookError) -> Bool {
        try turn.take { () throws(HookError) in
            let (event, callbacks) = try state.withLock { state throws(HookError) in
                guard let event = state.event(named: eventName) else {
                    throw HookError(.noSuchProcess, "no event \(eventName) in family \(name)")
                }
                return (event, state.listeners.callbacks)
            }
            let isFirst = ending(event)
            if isFirst { callbacks.tell(HookNotification(.unregister, name, nil, eventName)) }
            return isFirst
        }
    }

    // MARK: Hooks

    /// Registers a hook on the event of that name.
    ///
    /// - Throws: `ENXIO` if there is no such event; `EINVAL` if its hooks get something else than `Data`; else as
    ///   `HookEvent.register(_:record:)`.
    public func register<Data: ~Copyable>(
        _ hook: Hook<Data>, on eventName: String, record: (any Event) -> Void = { _ in }
    ) throws(HookError) {
        let event = try hookedEvent(eventName)
        guard let event = event as? HookEvent<Data> else {
            throw HookError(.invalidArgument, "hook \(hook.name) is not made for event \(name)/\(eventName)")
        }
        try event.register(hook) { record(event) }
    }

    /// Takes a hook off the event of that name.
    ///
    /// - Throws: `ENXIO` if there is no such event; else as `HookEvent.unregister(named:registration:record:)`.
    public func unregister(
        hookNamed hookName: String, registration: UInt64? = nil, from eventName: String,
        record: (any Event) -> Void = { _ in }
    ) throws(HookError) {
        let event = try hookedEvent(eventName)
        try event.unregister(named: hookName, registration: registration) { record(event) }
    }

    private func hookedEvent(_ eventName: String) throws(HookError) -> any Event {
        guard let event = event(named: eventName) else {
            throw HookError(.noSuchAddressOrDevice, "no event \(eventName) in family \(name)")
        }
        return event
    }

    // MARK: Who hears of it

    /// Registers a callback for events that come and go: `net_protocol_notify_register` as far as the family is
    /// concerned.
    ///
    /// Before this returns it hears of each event that is there, shut-down ones too, newest first (R8, R134).
    ///
    /// - Throws: `EDEADLK` as in ``add(_:record:)``; `ESHUTDOWN` after `shutDown` or `condemn`; `EEXIST` if it is
    ///   registered here. It is not called then (R137).
    public func register(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let events = try state.withLock { state throws(HookError) in
                state.forgetGone()
                if state.phase != .live {
                    throw HookError(.socketShutdown, "family \(name) was shut down")
                }
                try state.listeners.add(callback)
                return state.events
            }
            for event in events { callback.tell(HookNotification(.register, name, nil, event.name)) }
        }
    }

    /// Takes a callback off: `net_protocol_notify_unregister` as far as the family is concerned.
    ///
    /// Before this returns it hears each event go that is there (R135); it is not called afterwards. Works in every
    /// phase of the family's life (R139).
    ///
    /// - Throws: `EDEADLK` as in ``add(_:record:)``; `ESRCH` if it isn't registered here. It is not called then.
    public func unregister(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let events = try state.withLock { state throws(HookError) in
                state.forgetGone()
                try state.listeners.remove(callback)
                return state.events
            }
            for event in events { callback.tell(HookNotification(.unregister, name, nil, event.name)) }
        }
    }

    // MARK: Going

    /// Whether no more events are accepted.
    public var isShutDown: Bool { state.withLock { $0.phase != .live } }

    /// Whether it was condemned and its last event and callback are gone: nobody needs it any more (R40, R142).
    public var isGone: Bool {
        state.withLock { state in
            state.forgetGone()
            return state.phase == .condemned && state.events.isEmpty && state.listeners.isEmpty
        }
    }

    /// Accepts no more events (R34).
    ///
    /// - Returns: whether this call is the first to announce the family's end, so that its going is reported once (R35).
    @discardableResult
    public func shutDown() -> Bool { enter(.shutDown) }

    /// Shuts the family down and marks it as unwanted: it is gone as soon as its last event and callback are (R33).
    ///
    /// - Returns: whether this call is the first to announce the family's end, so that its going is reported once (R35).
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
