// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl
import Synchronization

extension MonitorHub {
    /// Under which ``notificationModule(for:)`` is registered.
    static let notificationModuleName = "monitor"

    /// The module that tells of the families, events and hooks of each instance, whoever registered them.
    ///
    /// Its callbacks are there also while nobody monitors, or else the first to do so would hear of everything that is
    /// there as if it had just come (R134).
    ///
    /// - Parameter netinfo: where it will be registered.
    func notificationModule(for netinfo: Netinfo) -> InstanceModule {
        InstanceModule(
            name: Self.notificationModuleName,
            create: { [unowned netinfo] netid in
                let source = NotificationSource(
                    hub: self, netinfo: netinfo, netid: netid, instance: netinfo.instance(netid)?.name ?? "\(netid)")
                let callback = source.makeCallback()
                // Refused when the instance is going already, and then there is nothing to hear.
                try? netinfo.register(callback, in: netid)
                return callback
            },
            destroy: { [unowned netinfo] netid, callback in
                // Not in shutdown: what happens until now is to be told too.
                try? netinfo.unregister(callback, in: netid)
            })
    }
}

/// What one instance tells by its notify callbacks at the three levels (R130 to R143).
///
/// Each thing is told to go once, innermost first: its hooks, then the event, then the family. What callbacks hear again
/// when they are taken off (R135) is passed over. They are taken off as soon as a thing is on its way out, for they would
/// keep it there and its name taken (R37, R40).
private final class NotificationSource: Sendable {
    private struct Family {
        /// Nil for one of a provider whose protocol isn't known by its family's name; its events aren't told.
        let handle: ProtocolHandle?
        var events: Set<String> = []
    }

    private let hub: MonitorHub
    private unowned let netinfo: Netinfo
    private let netid: NetID
    private let instance: String
    /// What has come and not gone yet, by name. Nothing is called under it.
    private let families = Mutex<[String: Family]>([:])

    init(hub: MonitorHub, netinfo: Netinfo, netid: NetID, instance: String) {
        self.hub = hub
        self.netinfo = netinfo
        self.netid = netid
        self.instance = instance
    }

    /// The callback for the instance, which registers those for its families and their events.
    func makeCallback() -> NotifyCallback {
        let hooks = NotifyCallback { self.tell($0.command, $0.name1, $0.name2, $0.name3) }
        let events = NotifyCallback { self.eventChanged($0, hooks) }
        return NotifyCallback { self.familyChanged($0, events) }
    }

    // Registering is refused when the thing has begun to go meanwhile. So is both where the other thread, in a callback of
    // the same thing, waits for this one.

    private func familyChanged(_ heard: HookNotification, _ events: NotifyCallback) {
        let name = heard.name3
        switch heard.command {
        case .register:
            let handle = NetworkFamily(rawValue: name).flatMap {
                netinfo.protocolHandle(named: $0.protocolName, in: netid)
            }
            families.withLock { $0[name] = Family(handle: handle) }
            tell(.register, name)
            try? handle?.register(events)
        case .unregister:
            guard let family = families.withLock({ $0[name] }) else { return }
            try? family.handle?.unregister(events)
            families.withLock { _ = $0.removeValue(forKey: name) }
            tell(.unregister, name)
        }
    }

    private func eventChanged(_ heard: HookNotification, _ hooks: NotifyCallback) {
        let (family, name) = (heard.name1, heard.name3)
        let handle = families.withLock { $0[family]?.handle }
        switch heard.command {
        case .register:
            families.withLock { _ = $0[family]?.events.insert(name) }
            tell(.register, family, name)
            try? handle?.register(hooks, onEventNamed: name)
        case .unregister:
            guard families.withLock({ $0[family]?.events.remove(name) }) != nil else { return }
            try? handle?.unregister(hooks, fromEventNamed: name)
            tell(.unregister, family, name)
        }
    }

    private func tell(_ command: NotifyCommand, _ family: String, _ event: String? = nil, _ hook: String? = nil) {
        hub.post(
            .notification,
            .notification(
                Monitor.Notification(
                    command: command == .register ? .register : .unregister, family: family, event: event, hook: hook),
                netid: Int(netid.rawValue), instance: instance))
    }
}
