// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// Numbers packets from 0, those of each ``Place/sequence`` by themselves.
struct PacketNumbers: ~Copyable, Sendable {
    /// 128 bytes: neighbouring cache lines are fetched together.
    private static let stride = 16

    private let numbers: UniqueArray<Atomic<UInt64>>

    init() {
        let count = Place.sequences * Self.stride
        var numbers = UniqueArray<Atomic<UInt64>>(minimumCapacity: count)
        for _ in 0..<count { numbers.append(Atomic(0)) }
        self.numbers = numbers
    }

    /// Takes the next number. Any number of threads at once.
    @inline(__always)
    func next(at place: Place) -> UInt64 {
        numbers[place.sequence &* Self.stride].wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Begins again from 0.
    func restart() {
        for sequence in 0..<Place.sequences { numbers[sequence * Self.stride].store(0, ordering: .relaxed) }
    }
}
