// SPDX-License-Identifier: Apache-2.0

import CPrefetch
import Synchronization

/// By which packets travel from the threads that inject to the one that delivers: a ring of slots, oldest first.
///
/// A thread draws a place and fills it, so threads never wait for each other; the consumer stops at a place that was drawn and
/// not filled yet, and whoever fills it sets the timer afterwards. The ring has a place for every packet that may be on the
/// list, so it is never full; ``InjectionLoad`` orders the emptying of a place before it is drawn again.
@safe
struct InjectionInbox: ~Copyable, @unchecked Sendable {
    /// Where the slots stand; valid as long as the inbox is. The consumer has a copy: what stands beside it here, other
    /// threads write all the time.
    @safe
    struct Places: @unchecked Sendable {
        /// Each holds a slot plus one, 0 while it is empty: so pages that were never touched are empty places.
        fileprivate let start: UnsafeMutablePointer<Atomic<UInt32>>
        fileprivate let mask: UInt32

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

        /// Has the processor fetch a place that is emptied soon.
        @inline(__always)
        func fetch(_ place: UInt32) {
            unsafe cprefetch_write(start + Int(place & mask))
        }
    }

    let places: Places
    private let drawn = Atomic<UInt32>(0)

    /// - Parameters:
    ///   - places: zero bytes, valid and nobody else's as long as this lives.
    ///   - count: how many there are, a power of two.
    @unsafe
    init(_ places: UnsafeMutableRawPointer, count: Int) {
        unsafe self.places = Places(
            start: places.bindMemory(to: Atomic<UInt32>.self, capacity: count), mask: UInt32(count) - 1)
    }

    /// Places for so many packets.
    static func count(for packets: Int) -> Int {
        var count = 1
        while count < packets { count *= 2 }
        return count
    }

    /// Adds a slot; any thread.
    @inline(__always)
    func add(_ slot: UInt32) {
        let place = drawn.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue & places.mask
        unsafe places.start[Int(place)].store(slot + 1, ordering: .sequentiallyConsistent)
    }

    /// The place behind the last that was drawn.
    var end: UInt32 { drawn.load(ordering: .sequentiallyConsistent) }
}
