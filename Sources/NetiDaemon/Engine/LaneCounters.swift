// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// Packets and bytes, counted on several pump threads at a time without a lock: each lane has a pair of its own, which
/// only its thread writes, far enough from the next one's that no cache line is shared.
struct LaneCounters: ~Copyable, Sendable {
    private static let stride = 256 / MemoryLayout<UInt64>.stride

    private let cells: UniqueArray<Atomic<UInt64>>

    init(lanes: Int) {
        var cells = UniqueArray<Atomic<UInt64>>(minimumCapacity: lanes * Self.stride)
        for _ in 0..<(lanes * Self.stride) { cells.append(Atomic(0)) }
        self.cells = cells
    }

    @inline(__always)
    borrowing func count(bytes: Int, lane: Int) {
        let cell = lane &* Self.stride
        raise(cell, by: 1)
        raise(cell &+ 1, by: UInt64(truncatingIfNeeded: bytes))
    }

    /// The sums over all lanes.
    var totals: (packets: UInt64, bytes: UInt64) {
        var (packets, bytes): (UInt64, UInt64) = (0, 0)
        for cell in Swift.stride(from: 0, to: cells.count, by: Self.stride) {
            packets &+= cells[cell].load(ordering: .relaxed)
            bytes &+= cells[cell + 1].load(ordering: .relaxed)
        }
        return (packets, bytes)
    }

    @inline(__always)
    private borrowing func raise(_ cell: Int, by amount: UInt64) {
        cells[cell].store(cells[cell].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}
