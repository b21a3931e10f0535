// SPDX-License-Identifier: Apache-2.0

import CPrefetch
import Glibc
import Synchronization

/// By which packets travel from the threads that inject to the one that delivers: a ring of slots, oldest first.
///
/// A thread draws a place and fills it, so threads never wait for each other; the consumer stops at a place that was drawn and
/// not filled yet, and comes again a tick later: whoever fills it sets the timer for its own packet only, which may have to
/// wait longer than others that stand behind it by now. The ring has a place for every packet that may be on the
/// list, so it is never full; ``InjectionLoad`` orders the emptying of a place before it is drawn again.
@safe
struct InjectionInbox: ~Copyable, @unchecked Sendable {
    /// How many there are, a power of two.
    let count: Int
    /// Where the slots stand; valid as long as the inbox is. The consumer has a copy: what stands beside it here, other
    /// threads write all the time.
    @safe
    struct Places: @unchecked Sendable {
        /// Each holds a slot plus one, 0 while it is empty: so pages that were never touched are empty places.
        fileprivate let start: UnsafeMutablePointer<Atomic<UInt32>>
        fileprivate let mask: UInt32

        /// How many of them share a line of the processor's cache.
        private static let line: UInt32 = 16

        /// The slot at a place that is filled; nil at one that isn't. The consumer.
        @inline(__always)
        func slot(at place: UInt32) -> UInt32? {
            let slot = unsafe start[Int(place & mask)].load(ordering: .sequentiallyConsistent)
            return slot == 0 ? nil : slot - 1
        }

        /// Empties a place. The consumer.
        @inline(__always)
        func empty(_ place: UInt32) {
            unsafe start[Int(place & mask)].store(0, ordering: .relaxed)
        }

        /// Has the processor fetch places that are read soon, at the first place of a line.
        @inline(__always)
        func fetch(behind place: UInt32) {
            guard place % Self.line == 0 else { return }
            unsafe cprefetch_write(start + Int(place &+ 2 * Self.line & mask))
        }
    }

    let places: Places
    private let drawn = Atomic<UInt32>(0)

    /// Reserves one with places for so many packets; nil where there is no memory for it.
    init?(packets: Int) {
        let count = Self.count(for: packets)
        let size = count * MemoryLayout<UInt32>.size
        let mapped = unsafe mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        unsafe places = Places(
            start: mapped.bindMemory(to: Atomic<UInt32>.self, capacity: count), mask: UInt32(count) - 1)
        self.count = count
    }

    deinit {
        unsafe munmap(places.start, count * MemoryLayout<UInt32>.size)
    }

    /// Places for so many packets.
    private static func count(for packets: Int) -> Int {
        var count = 1
        while count < packets { count *= 2 }
        return count
    }

    /// Adds a slot; any thread.
    @inline(__always)
    func add(_ slot: UInt32) {
        fill(draw(), with: slot)
    }

    /// Draws a place, which is to be filled at once; any thread.
    @inline(__always)
    func draw() -> UInt32 { drawn.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue }

    /// Fills a place; the thread that drew it.
    @inline(__always)
    func fill(_ place: UInt32, with slot: UInt32) {
        unsafe places.start[Int(place & places.mask)].store(slot + 1, ordering: .sequentiallyConsistent)
    }

    /// The place behind the last that was drawn.
    var end: UInt32 { drawn.load(ordering: .sequentiallyConsistent) }
}
