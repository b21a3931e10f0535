// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// The interfaces that rules name, each with its present index.
///
/// Rules keep the slot, so an interface may come, go and change its index without touching them. One thread at a time
/// updates; pump threads read.
struct InterfaceSlots: ~Copyable, Sendable {
    /// Most names that the rules of a set may have.
    static let maximumCount = Int(Self.none)

    /// The slot of an interface that no rule names, and of none at all.
    static var none: UInt16 { .max }

    /// The names by slot.
    let names: [String]

    private var indexes: UniqueArray<Atomic<UInt32>>

    /// Slots for these names, all absent.
    init(_ names: [String]) {
        self.names = names
        indexes = UniqueArray(minimumCapacity: names.count)
        for _ in names { indexes.append(Atomic(0)) }
    }

    /// The names whose interface isn't there at present.
    var absent: [String] {
        names.indices.filter { indexes[$0].load(ordering: .relaxed) == 0 }.map { names[$0] }
    }

    /// Takes over what interfaces there are; the others are absent, and rules that name them never match.
    func update(_ interfaces: [(name: String, index: UInt32)]) {
        for (slot, name) in names.enumerated() {
            let index = interfaces.first { $0.name == name }?.index ?? 0
            indexes[slot].store(index, ordering: .relaxed)
        }
    }

    /// The slot of an interface index.
    @inline(__always)
    func slot(of index: UInt32) -> UInt16 {
        guard index != 0 else { return Self.none }
        var slot = 0
        while slot < indexes.count {
            if indexes[slot].load(ordering: .relaxed) == index { return UInt16(truncatingIfNeeded: slot) }
            slot &+= 1
        }
        return Self.none
    }
}
