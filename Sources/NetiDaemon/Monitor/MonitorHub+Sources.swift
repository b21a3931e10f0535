// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl

/// What the daemon's parts tell: one method for each thing that happens, so that they need not know what goes over the
/// control socket.
extension MonitorHub {
    /// An instance is about to have another entry.
    func instanceChanged(from before: InstanceEntry?, to entry: InstanceEntry) {
        if let before, (before.listedState, before.reason) == (entry.listedState, entry.reason) { return }
        post(
            .instance,
            .state(
                entry.listedState, reason: entry.reason, netid: Int(entry.netid.rawValue), instance: entry.name))
    }

    /// A hook was registered.
    func hookRegistered(_ name: String, on event: NetworkEvent, of family: NetworkFamily, in instance: Instance) {
        post(.notification, Self.hook(name, .register, event, family, instance))
    }

    /// A hook was unregistered.
    func hookUnregistered(_ name: String, on event: NetworkEvent, of family: NetworkFamily, in instance: Instance) {
        post(.notification, Self.hook(name, .unregister, event, family, instance))
    }

    private static func hook(
        _ name: String, _ command: Monitor.Notification.Command, _ event: NetworkEvent, _ family: NetworkFamily,
        _ instance: Instance
    ) -> Monitor.Event {
        .notification(
            Monitor.Notification(command: command, family: family.rawValue, event: event.rawValue, hook: name),
            netid: Int(instance.netid.rawValue), instance: instance.name)
    }
}
