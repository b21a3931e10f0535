// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// The events of one protocol under the protocol's family name: hook_family(9S).
///
/// Finds events by name. A condemned event is found until its last hook is gone (R37), then it is forgotten; the same
/// holds for the family itself, whose owner asks `isGone` (R33, R40). May be used from any thread; not for the packet
/// path, which holds its `HookEvent`s directly.
public final class HookFamily: Sendable {
    private struct State {
        /// Newest first (R8).
        var events: [any Event] = []
        var phase = Phase.live

        /// Forgets events that nobody needs any more. Asked at each look, so that events know nothing of families.
        mutating func forgetGone() {
            events.removeAll(where: \.isGone)
        }
    }

    /// Such as `inet`.
    public let name: String

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
        events.first { $0.name == eventName }
    }

    /// Adds an event: `net_event_register` (R36).
    ///
    /// - Throws: `ESHUTDOWN` after `shutDown` or `condemn`; `EEXIST` if this very event is here already; `EINVAL` if
    ///   it was made for another family. An equal name is no error.
    public func add(_ event: any Event) throws(HookError) {
        try state.withLock { state throws(HookError) in
            state.forgetGone()
            if state.phase != .live {
                throw HookError(.socketShutdown, "event \(event.name): family \(name) was shut down")
            }
            if state.events.contains(where: { $0 === event }) {
                throw HookError(.fileExists, "event \(event.name) is registered already")
            }
            if event.family != name {
                throw HookError(.invalidArgument, "event \(event.name) is one of family \(event.family), not \(name)")
            }
            state.events.insert(event, at: 0)
        }
    }

    /// Shuts an event down: `net_event_shutdown` (R38).
    ///
    /// - Returns: whether its going is to be reported now (R39).
    /// - Throws: `ESRCH` if there is no event of that name.
    @discardableResult
    public func shutDownEvent(named eventName: String) throws(HookError) -> Bool {
        try existing(eventName, otherwise: .noSuchProcess).shutDown()
    }

    /// Takes an event off: `net_event_unregister` (R37). It stays, condemned, for as long as it has hooks.
    ///
    /// - Returns: whether its going is to be reported now (R39).
    /// - Throws: `ESRCH` if there is no event of that name.
    @discardableResult
    public func unregisterEvent(named eventName: String) throws(HookError) -> Bool {
        try existing(eventName, otherwise: .noSuchProcess).condemn()
    }

    // MARK: Hooks

    /// Registers a hook on the event of that name.
    ///
    /// - Throws: `ENXIO` if there is no such event; `EINVAL` if its hooks get something else than `Data`; else as
    ///   `HookEvent.register(_:)`.
    public func register<Data: ~Copyable>(_ hook: Hook<Data>, on eventName: String) throws(HookError) {
        let event = try existing(eventName, otherwise: .noSuchAddressOrDevice)
        guard let event = event as? HookEvent<Data> else {
            throw HookError(.invalidArgument, "hook \(hook.name) is not made for event \(name)/\(eventName)")
        }
        try event.register(hook)
    }

    /// Takes a hook off the event of that name.
    ///
    /// - Throws: `ENXIO` if there is no such event; else as `HookEvent.unregister(named:)`.
    public func unregister(hookNamed hookName: String, from eventName: String) throws(HookError) {
        try existing(eventName, otherwise: .noSuchAddressOrDevice).unregister(named: hookName)
    }

    private func existing(_ eventName: String, otherwise errno: Errno) throws(HookError) -> any Event {
        guard let event = event(named: eventName) else {
            throw HookError(errno, "no event \(eventName) in family \(name)")
        }
        return event
    }

    // MARK: Going

    /// Whether it was condemned and its last event is gone: nobody needs it any more (R40).
    public var isGone: Bool {
        state.withLock { state in
            state.forgetGone()
            return state.phase == .condemned && state.events.isEmpty
        }
    }

    /// Accepts no more events (R34).
    ///
    /// - Returns: whether this call is the first to announce the family's end, so that its going is reported once (R35).
    @discardableResult
    public func shutDown() -> Bool { enter(.shutDown) }

    /// Shuts the family down and marks it as unwanted: it is gone as soon as its last event is (R33).
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
