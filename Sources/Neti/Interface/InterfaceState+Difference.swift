// SPDX-License-Identifier: Apache-2.0

extension InterfaceState {
    /// The changes that lead from here to what a fresh look has shown.
    ///
    /// By index: what is gone first, then for each interface its flags, the addresses that are gone, those that are
    /// there. So an address that was replaced unnoticed gives the events of a replacement. New IPv6 addresses are taken
    /// from the last to the first: Linux lists the youngest first.
    public func changes(to other: InterfaceState) -> [InterfaceChange] {
        var changes: [InterfaceChange] = []
        for index in entries.keys.sorted() where other.entries[index] == nil { changes.append(.interfaceGone(index)) }
        for index in other.entries.keys.sorted() {
            guard let newer = other.entries[index] else { continue }
            let older = entries[index]
            if older?.interface != newer.interface { changes.append(.interface(newer.interface)) }
            for family in NetworkFamily.ip {
                let before = older?[family].all.map(\.address) ?? []
                let listed = newer[family].all.map(\.address)
                let after = family == .inet6 ? listed.reversed() : listed
                let staying = Set(after.map(\.key))
                for address in before where !staying.contains(address.key) {
                    changes.append(.addressGone(address, of: index))
                }
                for address in after where !before.contains(address) { changes.append(.address(address, of: index)) }
            }
        }
        return changes
    }

    /// Catches up with what a fresh look has shown; returns the events that were missed.
    public mutating func become(_ other: InterfaceState, in netid: NetID) -> [NICEvent] {
        changes(to: other).flatMap { apply($0, in: netid) }
    }
}
