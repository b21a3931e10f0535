// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

// Who hears of the hooks that come and go on one event (R130 to R142).
extension HookEvent where Data: ~Copyable {
    /// Registers a callback for hooks that come and go: `net_event_notify_register` as far as the event is concerned.
    ///
    /// Before this returns it hears of each hook that is there, in the order in which they run (R134); from then on of
    /// every change, of the caller's own hooks too (R141). It is not called when this fails (R137). Works from inside a
    /// hook (R60).
    ///
    /// - Throws: in this order: `EDEADLK` where it would wait for itself, such as from inside a callback of this event;
    ///   `ESHUTDOWN` after `shutDown` or `condemn`; `EEXIST` if it is registered here.
    public func register(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let hooks = try state.withLock { state throws(HookError) in
                if state.phase != .live {
                    throw HookError(.socketShutdown, "event \(family)/\(name) was shut down")
                }
                try state.listeners.add(callback)
                return state.records.map(\.hook.name)
            }
            for hook in hooks { callback.tell(HookNotification(.register, family, name, hook)) }
        }
    }

    /// Takes a callback off: `net_event_notify_unregister` as far as the event is concerned.
    ///
    /// Before this returns it hears each hook go that it knows of (R135); it is not called afterwards. Works in every
    /// phase of the event's life (R139).
    ///
    /// - Throws: `EDEADLK` as in ``register(_:)``; `ESRCH` if it isn't registered here. It is not called then.
    public func unregister(_ callback: NotifyCallback) throws(HookError) {
        try turn.take { () throws(HookError) in
            let hooks = try state.withLock { state throws(HookError) in try state.removeListener(callback) }
            for hook in hooks { callback.tell(HookNotification(.unregister, family, name, hook)) }
        }
    }
}
