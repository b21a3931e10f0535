// SPDX-License-Identifier: Apache-2.0

// How Linux's interfaces become the original's:
//
// - An interface is plumbed for inet and inet6 as long as it exists: Linux has no step like plumbing.
// - The first logical interface exists as long as the interface, unspecified while it has no address; further ones
//   are made by an address and go with it. A number is free again as soon as its address is gone, and a new address gets
//   the lowest that is free.
// - NE_UP and NE_DOWN follow IFF_UP, not carrier (R194); loopback has none (R196).
// - An address is up while its interface is and nobody is asked any more whether he has it.
// - An address that takes the first logical interface is a change of that one's address. So replacing it gives
//   LIF_DOWN, ADDRESS_CHANGE, LIF_UP (R195). Further addresses only go up and down, as `addif` does (table in section 9).
// - A rename has no event; the table has the new name. An index never changes: a device that moves to another namespace
//   is unplumbed here and plumbed there.

/// What is known to have changed.
public enum InterfaceChange: Sendable, Equatable {
    /// The interface is new, or looks like this now.
    case interface(Interface)
    /// The interface of that index is gone, with its addresses.
    case interfaceGone(UInt32)
    /// The interface of that index has this address, or it looks like this now.
    case address(InterfaceAddress, of: UInt32)
    /// The interface of that index doesn't have this address any more.
    case addressGone(InterfaceAddress, of: UInt32)
}

/// The interfaces and addresses of one instance as the provider has told, change by change.
///
/// A value without any knowledge of where changes come from. Changes that say nothing new change nothing.
public struct InterfaceState: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var interface: Interface
        var inet = LogicalInterfaces()
        var inet6 = LogicalInterfaces()
    }

    /// By index.
    private(set) var entries: [UInt32: Entry] = [:]

    /// Begins with interfaces that have no addresses.
    public init(_ interfaces: [Interface] = []) {
        for interface in interfaces { entries[interface.index] = Entry(interface: interface) }
    }

    /// The interfaces by index.
    public var interfaces: [Interface] {
        entries.values.map(\.interface).sorted { $0.index < $1.index }
    }

    /// Takes a change over and returns the events that it makes, in order (R192 to R196).
    public mutating func apply(_ change: InterfaceChange, in netid: NetID) -> [NICEvent] {
        switch change {
        case .interface(let interface):
            var report = Report(netid: netid, interface: interface.index)
            if entries[interface.index] == nil {
                entries[interface.index] = Entry(newcomer: interface, &report)
            } else {
                entries[interface.index]?.update(to: interface, &report)
            }
            return report.events
        case .interfaceGone(let index):
            var report = Report(netid: netid, interface: index)
            if var entry = entries.removeValue(forKey: index) { entry.unplumb(&report) }
            return report.events
        case .address(let address, of: let index):
            var report = Report(netid: netid, interface: index)
            entries[index]?.take(address, &report)
            return report.events
        case .addressGone(let address, of: let index):
            var report = Report(netid: netid, interface: index)
            entries[index]?.lose(address, &report)
            return report.events
        }
    }
}

/// Collects the events of one interface.
private struct Report {
    let netid: NetID
    let interface: UInt32
    var events: [NICEvent] = []

    /// Notes an event; `slot` is the logical interface's number from 0, shown one higher (R11).
    mutating func note(_ family: NetworkFamily, slot: Int? = nil, _ change: NICEvent.Change) {
        events.append(
            NICEvent(
                netid: netid, family: family, interface: interface, logicalInterface: slot.map { $0 + 1 } ?? 0,
                change: change))
    }
}

extension InterfaceState.Entry {
    fileprivate init(newcomer: Interface, _ report: inout Report) {
        interface = newcomer
        for family in NetworkFamily.ip {
            report.note(family, .plumbed(name: newcomer.name))
            if newcomer.isUp { goUp(family, &report) }
        }
    }

    fileprivate mutating func update(to newer: Interface, _ report: inout Report) {
        let wasUp = interface.isUp
        interface = newer
        guard wasUp != newer.isUp else { return }
        for family in NetworkFamily.ip {
            if newer.isUp { goUp(family, &report) } else { goDown(family, &report) }
        }
    }

    fileprivate mutating func unplumb(_ report: inout Report) {
        for family in NetworkFamily.ip {
            if interface.isUp { goDown(family, &report) }
            report.note(family, .unplumbed(name: interface.name))
        }
    }

    private mutating func goUp(_ family: NetworkFamily, _ report: inout Report) {
        if !interface.isLoopback { report.note(family, .up) }
        for slot in self[family].raise() { report.note(family, slot: slot, .logicalUp) }
    }

    private mutating func goDown(_ family: NetworkFamily, _ report: inout Report) {
        // IPv6 asks for each address anew when the interface comes up, and tells when that is done.
        for slot in self[family].lower(isAskedAnew: family == .inet6) { report.note(family, slot: slot, .logicalDown) }
        if !interface.isLoopback { report.note(family, .down) }
    }

    fileprivate mutating func take(_ address: InterfaceAddress, _ report: inout Report) {
        let family = address.family
        let taken = self[family].take(address, isInterfaceUp: interface.isUp)
        if taken.isNew, taken.slot == 0 { report.note(family, slot: 0, .addressChanged(address.address)) }
        if taken.goesUp { report.note(family, slot: taken.slot, .logicalUp) }
    }

    fileprivate mutating func lose(_ address: InterfaceAddress, _ report: inout Report) {
        let family = address.family
        guard let lost = self[family].remove(address.key), lost.wasUp else { return }
        report.note(family, slot: lost.slot, .logicalDown)
    }

    /// The logical interfaces of a family.
    subscript(family: NetworkFamily) -> LogicalInterfaces {
        get { family == .inet6 ? inet6 : inet }
        set { if family == .inet6 { inet6 = newValue } else { inet = newValue } }
    }
}
