// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

// Locking: as in Family.swift, one level up.

/// The families of one instance: what the original calls the hook stack.
///
/// Tells callbacks which families come and go. A condemned family keeps its name until nobody needs it any more (R33,
/// R40). May be used from any thread.
public final class FamilyList: Sendable {
    private struct State {
        /// Newest first (R8).
        var families: [HookFamily] = []
        var listeners = NotifyList()
        var isShutDown = false

        mutating func forgetGone() {
            families.removeAll(where: \.isGone)
        }
    }

    /// The first name in its notifications: the instance's number in decimal.
    public let name: String

    private let turn = Turn()
    private let state = Mutex(State())

    /// Makes a list without families.
    public init(name: String) {
        self.name = name
    }

    /// All families, newest first (R8).
    public var families: [HookFamily] {
        state.withLock { state in
            state.forgetGone()
            return state.families
        }
    }

    // MARK: Families

    /// Adds a family and tells it: `net_family_register` as far as the list is concerned (R32).
    ///
    /// - Throws: `EDEADLK` where it would wait for itself, such as from inside a callback of this list; `EEXIST` after
    ///   `shutDown` and for a name that is taken.
    public func add(_ family: HookFamily) throws(HookError) {
        try turn.take { () throws(HookError) in
            let callbacks = try state.withLock { state throws(HookError) in
                state.forgetGone()
                if state.isShutDown {
                    throw HookError(.fileExists, "family \(family.name): instance \(name) is shutting down")
                }
                if state.families.contains(where: { $0.name == family.name }) {
                    throw HookError(.fileExists, "family \(family.name) exists on instance \(name)")
                }
                state.families.insert(family, at: 0)
                return state.listeners.callbacks
            }
            callbacks.tell(HookNotification(.register, name, nil, family.name))
        }
    }

    /// Shuts a family down and tells it: `net_family_shutdown` as far as the list is concerned (R34).
    ///
    /// - Throws: `EDEADLK` as in ``add(_:)``.
    public func shutDown(_ family: HookFamily) throws(HookError) {
        try end(family) { family.shutDown() }
    }

    /// Takes a family off and tells it, if nobody did before: `net_family_unregister` as far as the list is concerned
    /// (R33, R35). It stays, condemned, for as long as it has events or callbacks.
    ///
    /// - Parameters:
    ///   - family: what to take off.
    ///   - record: called once when the family is condemned, before the callbacks hear of it.
    /// - Throws: `EDEADLK` as in ``add(_:)``.
    public func remove(_ family: HookFamily, record: () -> Void = {}) throws(HookError) {
        try end(family, record: record) { family.condemn() }
    }

    private func end(
        _ family: HookFamily, record: () -> Void = {}, by ending: () -> Bool
    ) throws(HookError) {
        try turn.take { () throws(HookError) in
            let isFirst = ending()
            record()
            guard isFirst else { return }
            let callbacks = state.withLock { $0.listeners.callbacks }
            callbacks.tell(HookNotification(.unregister, name, nil, family.name))
        }
    }

    /// Accepts no more families and no more callbacks; those that are there can be taken off.
    public func shutDown() {
        state.withLock { $0.isShutDown = true }
    }

    // MARK: Who hears of it

    /// Registers a callback for families that come and go: `net_instance_notify_register` as far as the list is
    /// concerned.
    ///
    /// Before this returns it hears of each family that isn't on its way out, newest first (R8, R134).
    ///
    /// - Throws: `EDEADLK` as in ``add(_:)``; `ESHUTDOWN` after `shutDown`; `EEXIST` if it is registered here. It
    ///   is not called then (R137).
    public func register(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let families = try state.withLock { state throws(HookError) in
                state.forgetGone()
                if state.isShutDown {
                    throw HookError(.socketShutdown, "instance \(name) is shutting down")
                }
                try state.listeners.add(callback)
                return state.families
            }
            for family in families where !family.isShutDown {
                callback.tell(HookNotification(.register, name, nil, family.name))
            }
        }
    }

    /// Takes a callback off: `net_instance_notify_unregister` as far as the list is concerned.
    ///
    /// Before this returns it hears each family go that is there, those on their way out too (R135); it is not called
    /// afterwards. Works after `shutDown`.
    ///
    /// - Throws: `EDEADLK` as in ``add(_:)``; `ESRCH` if it isn't registered here. It is not called then.
    public func unregister(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let families = try state.withLock { state throws(HookError) in
                state.forgetGone()
                try state.listeners.remove(callback)
                return state.families
            }
            for family in families { callback.tell(HookNotification(.unregister, name, nil, family.name)) }
        }
    }
}
