// SPDX-License-Identifier: Apache-2.0

public import Hooks
import SystemPackage

// Who hears of the events of a protocol and of the hooks on them (R130 to R143).
extension ProtocolHandle {
    /// Registers a callback for events that come and go (`net_protocol_notify_register`).
    ///
    /// It hears the family's name, nil and the event's name; before this returns once for each event that is there,
    /// shut-down ones too, newest first (R134). What else holds of callbacks: `NotifyCallback`.
    /// - Throws: in this order of precedence `ESHUTDOWN` (the instance is going), `ENXIO` (no family, R138), `EDEADLK` (it
    ///   would wait for itself, such as from inside a callback of this protocol), `ESHUTDOWN` (the family is going),
    ///   `EEXIST`. It is not called then (R137).
    public func register(_ callback: NotifyCallback) throws(NetiError) {
        let family = try liveAttachment("callback").family
        try refusing { () throws(HookError) in try family.register(callback) }
    }

    /// Takes a callback off (`net_protocol_notify_unregister`).
    ///
    /// It hears each event go that is there (R135) and nothing afterwards. Works on a handle whose instance is going
    /// (R139).
    /// - Throws: `ENXIO` (no family, R138), `EDEADLK` as in ``register(_:)-(NotifyCallback)``, `ESRCH` (not registered here).
    public func unregister(_ callback: NotifyCallback) throws(NetiError) {
        let family = try anyAttachment("callback", .noSuchAddressOrDevice).family
        try refusing { () throws(HookError) in try family.unregister(callback) }
    }

    /// Registers a callback for hooks that come and go on an event (`net_event_notify_register`).
    ///
    /// It hears the family's name, the event's and the hook's; before this returns once for each hook that is there, in
    /// the order in which they run (R134). What else holds of callbacks: `NotifyCallback`.
    /// - Throws: in this order of precedence `ESHUTDOWN` (the instance is going), `ENXIO` (no family, R138), `ESHUTDOWN`
    ///   (the family is going), `ESRCH` (no such event), `EDEADLK` (it would wait for itself, such as from inside a callback
    ///   of that event), `ESHUTDOWN` (the event is going), `EEXIST`. It is not called then (R137).
    public func register(_ callback: NotifyCallback, onEventNamed event: String) throws(NetiError) {
        let family = try liveAttachment("callback").family
        guard !family.isShutDown else {
            throw NetiError(.socketShutdown, "callback: family \(family.name) was shut down")
        }
        let event = try existing(event, in: family)
        try refusing { () throws(HookError) in try event.register(callback) }
    }

    /// Takes a callback off an event (`net_event_notify_unregister`).
    ///
    /// It hears each hook go that it knows of (R135) and nothing afterwards. Works on a handle whose instance is going
    /// (R139).
    /// - Throws: `ENXIO` (no family, R138), `ESRCH` (no such event, or not registered there), `EDEADLK` as in
    ///   ``register(_:onEventNamed:)-(NotifyCallback,_)``.
    public func unregister(_ callback: NotifyCallback, fromEventNamed event: String) throws(NetiError) {
        let attachment = try anyAttachment("callback", .noSuchAddressOrDevice)
        let found = try existing(event, in: attachment.family)
        try refusing { () throws(HookError) in try found.unregister(callback) }
        // It may have been what kept a condemned event (R142).
        attachment.statistics.remove(event: event, unlessIn: attachment.family)
    }

    private func existing(_ event: String, in family: HookFamily) throws(NetiError) -> any Event {
        guard let found = family.event(named: event) else {
            throw NetiError(.noSuchProcess, "callback: no event \(event) in family \(family.name)")
        }
        return found
    }
}
