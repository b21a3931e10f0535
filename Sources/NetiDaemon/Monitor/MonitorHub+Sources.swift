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

    /// Something happened to an interface, and the hooks on `NIC_EVENTS` have been told.
    func interfaceEvent(_ event: NICEvent, in instance: Instance) {
        post(
            .nic,
            .nic(
                Monitor.NICEvent(event, interfaces: instance.interfaces.current), netid: Int(event.netid.rawValue),
                instance: instance.name))
    }
}

extension Monitor.NICEvent {
    /// - Parameter interfaces: those of now, for the name.
    init(_ event: NICEvent, interfaces: [Interface]) {
        self.init(
            family: event.family.rawValue, event: event.change.name, index: Int(event.interface),
            name: interfaces.first { $0.index == event.interface }?.name,
            logicalInterface: event.logicalInterface, address: nil, newIndex: nil)
        switch event.change {
        case .plumbed(let name), .unplumbed(let name): self.name = name
        case .addressChanged(let address): self.address = "\(address)"
        case .indexChanged(let index): newIndex = Int(index)
        case .up, .down, .logicalUp, .logicalDown: break
        }
    }
}

extension NICEvent.Change {
    /// The manual's spelling.
    fileprivate var name: String {
        switch self {
        case .plumbed: "NE_PLUMB"
        case .unplumbed: "NE_UNPLUMB"
        case .up: "NE_UP"
        case .down: "NE_DOWN"
        case .addressChanged: "NE_ADDRESS_CHANGE"
        case .logicalUp: "NE_LIF_UP"
        case .logicalDown: "NE_LIF_DOWN"
        case .indexChanged: "NE_IFINDEX_CHANGE"
        }
    }
}
