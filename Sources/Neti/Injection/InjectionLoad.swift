// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many packets are on a list, and how many bytes they have: one word, so that both cost one write.
struct InjectionLoad: ~Copyable, Sendable {
    /// Packets above, bytes in the lower 40 bits.
    private let word = Atomic<UInt64>(0)

    private static let packet: UInt64 = 1 << 40

    /// Adds a packet of so many bytes; how many packets there are then. Ordered before a later look at whether the list is
    /// closed, see ``isEmpty``.
    @inline(__always)
    func add(_ bytes: Int) -> Int {
        Int(word.wrappingAdd(Self.packet | UInt64(bytes), ordering: .sequentiallyConsistent).newValue >> 40)
    }

    /// Takes packets off. What was done with them is ordered before a later ``add(_:)``.
    func subtract(packets: Int, bytes: Int) {
        word.wrappingSubtract(UInt64(packets) << 40 &+ UInt64(bytes), ordering: .releasing)
    }

    /// Whether nothing is on the list or about to be put there; nothing will be any more, once the list is closed.
    var isEmpty: Bool { word.load(ordering: .sequentiallyConsistent) == 0 }

    var current: (packets: Int, bytes: Int) {
        let word = word.load(ordering: .relaxed)
        return (Int(word >> 40), Int(word & (Self.packet - 1)))
    }
}
