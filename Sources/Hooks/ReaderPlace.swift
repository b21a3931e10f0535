// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What one reader shows to the others. 128 bytes, so that places share no cache line and no pair of lines that is
/// fetched together.
struct ReaderPlace: ~Copyable, Sendable {
    /// The epoch that was announced; 0 while nobody is inside.
    private let epoch = Atomic<UInt64>(0)
    /// The thread inside; meaningful only while `epoch` is not 0.
    private let thread = Atomic<UInt>(0)
    /// How often that thread has entered; written by it alone.
    private let depth = Atomic<Int>(0)
    private let isTaken = Atomic<Bool>(false)
    /// What the thread inside leaves for code that it calls; written by it alone.
    let note = Atomic<UInt64>(0)
    private let padding = [11 of UInt64](repeating: 0)

    func claim() -> Bool {
        isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }

    func giveBack() {
        depth.store(0, ordering: .relaxed)
        note.store(0, ordering: .relaxed)
        epoch.store(0, ordering: .releasing)
        isTaken.store(false, ordering: .releasing)
    }

    func enter(_ now: UInt64, thread caller: UInt) {
        let outer = depth.load(ordering: .relaxed)
        depth.store(outer + 1, ordering: .relaxed)
        guard outer == 0 else { return }
        thread.store(caller, ordering: .relaxed)
        epoch.store(now, ordering: .sequentiallyConsistent)
    }

    func leave() {
        let inner = depth.load(ordering: .relaxed) - 1
        precondition(inner >= 0, "leave without enter")
        depth.store(inner, ordering: .relaxed)
        if inner == 0 {
            epoch.store(0, ordering: .releasing)
        }
    }

    func isInside(thread caller: UInt) -> Bool {
        // The epoch first: it was stored after the thread that goes with it.
        epoch.load(ordering: .acquiring) != 0 && thread.load(ordering: .relaxed) == caller
    }

    func isInside(before target: UInt64) -> Bool {
        let announced = epoch.load(ordering: .sequentiallyConsistent)
        return announced != 0 && announced < target
    }
}
