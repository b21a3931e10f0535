// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Packet

/// The interfaces of one instance at one moment, made to be read by pump threads: never changed, only replaced.
struct InterfaceSnapshot: ~Copyable, Sendable {
    private struct Record: Sendable {
        var interface: Interface
        /// Where its addresses stand, IPv4 first.
        var start: Int
        var startV6: Int
        var end: Int
    }

    private struct Logical: Sendable {
        var slot: Int
        var address: InterfaceAddress
    }

    private struct Roles: BitwiseCopyable {
        var own: IPAddress
        var broadcast: IPAddress
        var networkBroadcast: IPAddress
    }

    /// By index.
    private var records = UniqueArray<Record>()
    private var addresses = UniqueArray<Logical>()
    /// What each of them makes of other addresses: plain values, so that looking counts no reference.
    private var roles = UniqueArray<Roles>()

    init(_ state: InterfaceState) {
        for (_, entry) in state.entries.sorted(by: { $0.key < $1.key }) {
            let start = addresses.count
            for (slot, address) in entry.inet.all { add(address, slot) }
            let startV6 = addresses.count
            for (slot, address) in entry.inet6.all { add(address, slot) }
            records.append(
                Record(interface: entry.interface, start: start, startV6: startV6, end: addresses.count))
        }
    }

    /// All interfaces, by index.
    var interfaces: [Interface] {
        var all: [Interface] = []
        for index in records.indices { all.append(records[index].interface) }
        return all
    }

    // MARK: Interfaces

    /// The MTU of an interface that has that logical interface (R56).
    func mtu(of interface: UInt32, slot: Int, _ family: NetworkFamily) -> Int? {
        guard let record = place(of: interface), has(slot, in: record, family) else { return nil }
        return Int(records[record].interface.mtu)
    }

    /// The device's flags alone.
    func flags(of interface: UInt32) -> InterfaceFlags? {
        place(of: interface).map { records[$0].interface.flags }
    }

    func link(of interface: UInt32) -> InterfaceLink? {
        guard let record = place(of: interface) else { return nil }
        return InterfaceLink(
            type: records[record].interface.linkType, address: records[record].interface.linkAddress,
            flags: records[record].interface.flags, mtu: records[record].interface.mtu,
            master: records[record].interface.master)
    }

    func broadcastAddresses(of interface: UInt32) -> BroadcastAddresses {
        var broadcasts = BroadcastAddresses()
        guard let record = place(of: interface) else { return broadcasts }
        var place = records[record].start
        while place < records[record].startV6 {
            broadcasts.add(addresses[place].address)
            place &+= 1
        }
        return broadcasts
    }

    private mutating func add(_ address: InterfaceAddress, _ slot: Int) {
        addresses.append(Logical(slot: slot, address: address))
        roles.append(
            Roles(
                own: address.address, broadcast: address.broadcast ?? address.address,
                networkBroadcast: address.networkBroadcast ?? address.address))
    }

    /// The link, and what an address is there; nil when there is no such interface.
    func outlet(_ interface: UInt32, for address: IPAddress) -> (link: InterfaceLink, role: AddressRole)? {
        link(of: interface).map { ($0, role(of: address, on: interface)) }
    }

    func role(of address: IPAddress, on interface: UInt32) -> AddressRole {
        guard let record = place(of: interface) else { return .other }
        let (start, end) = stretch(of: record, address.version == .v4 ? .inet : .inet6)
        var place = start
        while place < end {
            if roles[place].own == address { return .own }
            if roles[place].broadcast == address || roles[place].networkBroadcast == address { return .broadcast }
            place &+= 1
        }
        return .other
    }

    func name(of interface: UInt32) -> String? {
        place(of: interface).map { records[$0].interface.name }
    }

    func index(named name: String) -> UInt32? {
        var place = 0
        while place < records.count {
            if records[place].interface.name == name { return records[place].interface.index }
            place &+= 1
        }
        return nil
    }

    /// The lowest index above this one.
    func index(after index: UInt32) -> UInt32? {
        let next = firstPlace(from: index &+ 1)
        return index < .max && next < records.count ? records[next].interface.index : nil
    }

    // MARK: Logical interfaces

    /// The address of a logical interface, unspecified for a first one that has none.
    func address(of interface: UInt32, slot: Int, _ family: NetworkFamily) -> InterfaceAddress? {
        guard let record = place(of: interface), has(slot, in: record, family) else { return nil }
        guard let address = addressPlace(slot, in: record, family) else {
            return .unspecified(family == .inet6 ? .v6 : .v4)
        }
        return addresses[address].address
    }

    /// The flags of the interface and of the address (R53).
    func flags(of interface: UInt32, slot: Int, _ family: NetworkFamily) -> InterfaceFlags? {
        guard let record = place(of: interface), has(slot, in: record, family) else { return nil }
        let flags = records[record].interface.flags
        guard let address = addressPlace(slot, in: record, family) else { return flags }
        return flags.union(addresses[address].address.flags)
    }

    /// The logical interface that follows one that is there; the first one after nil (R57).
    func slot(after slot: Int?, of interface: UInt32, _ family: NetworkFamily) -> Int? {
        guard let record = place(of: interface) else { return nil }
        guard let slot else { return 0 }
        guard has(slot, in: record, family) else { return nil }
        let (start, end) = stretch(of: record, family)
        var place = start
        while place < end {
            if addresses[place].slot > slot { return addresses[place].slot }
            place &+= 1
        }
        return nil
    }

    // MARK: Searching

    /// Where the first interface of at least that index stands.
    private func firstPlace(from index: UInt32) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = low &+ (high &- low) / 2
            if records[middle].interface.index < index { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    private func place(of index: UInt32) -> Int? {
        let place = firstPlace(from: index)
        return place < records.count && records[place].interface.index == index ? place : nil
    }

    private func stretch(of record: Int, _ family: NetworkFamily) -> (start: Int, end: Int) {
        family == .inet6
            ? (records[record].startV6, records[record].end) : (records[record].start, records[record].startV6)
    }

    private func addressPlace(_ slot: Int, in record: Int, _ family: NetworkFamily) -> Int? {
        let (start, end) = stretch(of: record, family)
        var place = start
        while place < end {
            if addresses[place].slot == slot { return place }
            place &+= 1
        }
        return nil
    }

    private func has(_ slot: Int, in record: Int, _ family: NetworkFamily) -> Bool {
        slot == 0 || addressPlace(slot, in: record, family) != nil
    }
}
