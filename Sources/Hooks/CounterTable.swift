// SPDX-License-Identifier: Apache-2.0

public import BasicContainers
public import Synchronization

/// Counters that several threads raise without sharing a cache line: one row for each reader place.
///
/// Only the thread that owns a place writes its row, so raising a counter is a relaxed load and a relaxed store; a
/// reader of the total adds up the column and never disturbs a writer.
@usableFromInline
struct CounterTable: ~Copyable, Sendable {
    /// Unused cells behind each row. 128 bytes: no cache line, and no pair of lines that is fetched together, holds
    /// cells of two rows, wherever the allocator put the table.
    private static let gap = 128 / MemoryLayout<UInt64>.stride

    @usableFromInline let cells: UniqueArray<Atomic<UInt64>>
    @usableFromInline let stride: Int

    /// All 0.
    ///
    /// - Parameter isBusy: whether the rows lie apart. A table that is hardly counted in is better small.
    init(rows: Int, columns: Int, isBusy: Bool) {
        stride = isBusy ? columns + Self.gap : columns
        var cells = UniqueArray<Atomic<UInt64>>(minimumCapacity: rows * stride)
        for _ in 0..<(rows * stride) {
            cells.append(Atomic(0))
        }
        self.cells = cells
    }

    @inlinable
    func count(row: Int, column: Int) {
        let cell = row &* stride &+ column
        cells[cell].store(cells[cell].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func value(row: Int, column: Int) -> UInt64 {
        cells[row * stride + column].load(ordering: .relaxed)
    }

    func total(column: Int) -> UInt64 {
        var sum: UInt64 = 0
        for cell in Swift.stride(from: column, to: cells.count, by: stride) {
            sum &+= cells[cell].load(ordering: .relaxed)
        }
        return sum
    }
}
