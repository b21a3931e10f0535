// SPDX-License-Identifier: Apache-2.0

/// The addresses of one interface and family under the numbers that they keep: 0, 1, 2 and so on (R10).
struct LogicalInterfaces: Sendable, Equatable {
    private struct Slot: Sendable, Equatable {
        var address: InterfaceAddress
        /// Whether it was reported up.
        var isUp = false
        /// Whether the provider has to say again that it is settled before it goes up.
        var awaitsWord = false

        /// Whether it can be used while its interface is up.
        var isSettled: Bool { address.isSettled && !awaitsWord }
    }

    /// By number; nil for one that is free.
    private var slots: [Slot?] = []

    /// The addresses there are with their numbers, lowest first.
    var all: [(slot: Int, address: InterfaceAddress)] {
        slots.enumerated().compactMap { slot, content in content.map { (slot, $0.address) } }
    }

    /// What became of an address that was told.
    struct Taken {
        var slot: Int
        var isNew: Bool
        var goesUp: Bool
    }

    /// Notes an address, new or known.
    ///
    /// One that was asked about again goes up again without having gone down (R194).
    mutating func take(_ address: InterfaceAddress, isInterfaceUp: Bool) -> Taken {
        if let slot = slot(of: address.key), var known = slots[slot] {
            let wasSettled = known.isSettled
            known.address = address
            known.awaitsWord = false
            let goesUp = isInterfaceUp && known.isSettled && (!wasSettled || !known.isUp)
            if goesUp { known.isUp = true }
            slots[slot] = known
            return Taken(slot: slot, isNew: false, goesUp: goesUp)
        }
        let slot = slots.firstIndex { $0 == nil } ?? slots.count
        if slot == slots.count { slots.append(nil) }
        let goesUp = isInterfaceUp && address.isSettled
        slots[slot] = Slot(address: address, isUp: goesUp)
        return Taken(slot: slot, isNew: true, goesUp: goesUp)
    }

    /// Forgets an address; nil if it wasn't there.
    mutating func remove(_ key: InterfaceAddress.Key) -> (slot: Int, wasUp: Bool)? {
        guard let slot = slot(of: key), let known = slots[slot] else { return nil }
        slots[slot] = nil
        while let last = slots.last, last == nil { slots.removeLast() }
        return (slot, known.isUp)
    }

    /// The interface goes up; returns the numbers that go up with it.
    mutating func raise() -> [Int] {
        slots.indices.filter { slots[$0]?.isSettled == true && change($0, isUp: true) }
    }

    /// The interface goes down; returns the numbers that go down with it.
    mutating func lower(isAskedAnew: Bool) -> [Int] {
        for slot in slots.indices where isAskedAnew { slots[slot]?.awaitsWord = true }
        return slots.indices.filter { change($0, isUp: false) }
    }

    /// Whether that made a difference.
    private mutating func change(_ slot: Int, isUp: Bool) -> Bool {
        guard let known = slots[slot], known.isUp != isUp else { return false }
        slots[slot]?.isUp = isUp
        return true
    }

    private func slot(of key: InterfaceAddress.Key) -> Int? {
        slots.firstIndex { $0?.address.key == key }
    }
}
