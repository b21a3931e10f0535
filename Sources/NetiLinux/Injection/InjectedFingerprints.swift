// SPDX-License-Identifier: Apache-2.0

import Neti
import Synchronization

// How it works
//
// A packet that comes back without an address of ours is known by all of its bytes: by a keyed hash of 128 bits and its
// length. Each match uses up one injection, so that of byte-identical packets as many are taken for injected as were. Which
// of them makes no difference to anybody.
//
// A hash has eight places in the table. An entry is written by one thread and used up by many. `state` is 0 while the
// other words change, and never the same for two fillings of a place in a row; so a reader that changes it from what it
// saw before it read the others has read what belongs together.

/// The packets that one instance injects (NI_QUEUE_IN) on interfaces that bring no address of ours back.
///
/// Packets are noted by one thread and looked up by any, without a lock.
@safe
package final class InjectedFingerprints: @unchecked Sendable {
    package static let capacity = 1 << 16

    private static let places = 8

    private struct Entry: ~Copyable {
        /// See ``State``; 0 when there is none.
        let state = Atomic<UInt64>(0)
        let low = Atomic<UInt64>(0)
        let high = Atomic<UInt64>(0)
        /// When it was noted last.
        let time = Atomic<UInt64>(0)
    }

    /// From the highest bit down: 22 bits of the filling's number, 12 of how many such packets are on their way, 6 of
    /// injections, 8 of stamps, 16 of the length.
    private struct State: Equatable {
        var bits: UInt64

        static let one: UInt64 = 1 << 30
        static let most: UInt64 = 4095

        init(bits: UInt64) { self.bits = bits }

        init(_ origin: InjectedOrigin, length: Int, filling: UInt64) {
            bits =
                filling << 42 | Self.one | UInt64(origin.injections & 63) << 24 | UInt64(origin.stamps.rawValue) << 16
                | UInt64(length)
        }

        var count: UInt64 { bits >> 30 & Self.most }
        var length: Int { Int(bits & 0xFFFF) }
        var origin: InjectedOrigin {
            InjectedOrigin(
                injections: UInt8(bits >> 24 & 63), stamps: Stamps(rawValue: UInt8(truncatingIfNeeded: bits >> 16)))
        }

        /// Whether it says the same of the same length, however often.
        func isLike(_ other: State) -> Bool { (bits ^ other.bits) & (Self.one - 1) == 0 }
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let hash: SipHash
    /// How many packets are on their way, expired ones included.
    private let outstanding = Atomic<Int>(0)
    /// When the last of them expires.
    private let expiry = Atomic<UInt64>(0)
    /// Of the thread that notes.
    private var fillings: UInt64 = 0

    package init() {
        unsafe entries = .allocate(capacity: Self.capacity)
        for index in 0..<Self.capacity { unsafe (entries + index).initialize(to: Entry()) }
        var random = RandomBits()
        hash = SipHash(key: random.next(), random.next())
    }

    deinit {
        unsafe entries.deinitialize(count: Self.capacity).deallocate()
    }

    /// Notes a packet before it is injected. One thread.
    ///
    /// - Parameters:
    ///   - packet: all of its bytes, at most 65,535.
    ///   - origin: its link-layer source isn't kept.
    ///   - now: nanoseconds of the monotonic clock.
    package func note(_ packet: UnsafeRawBufferPointer, _ origin: InjectedOrigin, now: UInt64) {
        let value = unsafe hash.hash(packet)
        fillings &+= 1
        let state = State(origin, length: packet.count, filling: fillings)
        expiry.store(now &+ InjectedOrigin.lifetime, ordering: .relaxed)
        outstanding.wrappingAdd(1, ordering: .relaxed)
        if !join(value, state, now) { unsafe fill(place(for: value, now), value, state, now) }
    }

    /// Counts the packet in an entry for packets just like it; false when there is none that has room.
    private func join(_ value: SipHash.Value, _ state: State, _ now: UInt64) -> Bool {
        for number in 0..<Self.places {
            let entry = unsafe entry(value, number)
            var there = unsafe State(bits: entry.pointee.state.load(ordering: .acquiring))
            while there.count != 0, there.count < State.most, there.isLike(state),
                unsafe Self.holds(entry, value, now)
            {
                let (isDone, original) = unsafe entry.pointee.state.compareExchange(
                    expected: there.bits, desired: there.bits + State.one, ordering: .acquiringAndReleasing)
                if isDone {
                    unsafe entry.pointee.time.store(now, ordering: .releasing)
                    return true
                }
                there = State(bits: original)
            }
        }
        return false
    }

    /// A place that is free, has expired, or is the oldest.
    private func place(for value: SipHash.Value, _ now: UInt64) -> UnsafeMutablePointer<Entry> {
        var oldest = unsafe entry(value, 0)
        for number in 0..<Self.places {
            let entry = unsafe entry(value, number)
            if unsafe entry.pointee.state.load(ordering: .relaxed) == 0 { return unsafe entry }
            if unsafe entry.pointee.time.load(ordering: .relaxed) < oldest.pointee.time.load(ordering: .relaxed) {
                unsafe oldest = entry
            }
        }
        return unsafe oldest
    }

    private func fill(
        _ entry: UnsafeMutablePointer<Entry>, _ value: SipHash.Value, _ state: State, _ now: UInt64
    ) {
        let before = unsafe State(bits: entry.pointee.state.exchange(0, ordering: .acquiringAndReleasing))
        if before.count != 0 { outstanding.wrappingSubtract(Int(before.count), ordering: .relaxed) }
        unsafe entry.pointee.low.store(value.low, ordering: .releasing)
        unsafe entry.pointee.high.store(value.high, ordering: .releasing)
        unsafe entry.pointee.time.store(now, ordering: .releasing)
        unsafe entry.pointee.state.store(state.bits, ordering: .releasing)
    }

    /// Uses up one injection of a packet; nil when none like it is on its way. Any thread.
    ///
    /// - Parameters:
    ///   - packet: all of its bytes.
    ///   - now: gives nanoseconds of the monotonic clock; called only when something is on its way.
    @inline(__always)
    package func take(_ packet: UnsafeRawBufferPointer, now: () -> UInt64) -> InjectedOrigin? {
        guard outstanding.load(ordering: .relaxed) > 0 else { return nil }
        let now = now()
        guard now <= expiry.load(ordering: .relaxed) else { return nil }
        return unsafe search(packet, now)
    }

    @inline(never)
    private func search(_ packet: UnsafeRawBufferPointer, _ now: UInt64) -> InjectedOrigin? {
        let value = unsafe hash.hash(packet)
        var number = 0
        while number < Self.places {
            let entry = unsafe entry(value, number)
            var state = unsafe State(bits: entry.pointee.state.load(ordering: .acquiring))
            while state.count != 0, state.length == packet.count, unsafe Self.holds(entry, value, now) {
                let left = state.count == 1 ? 0 : state.bits - State.one
                let (isDone, original) = unsafe entry.pointee.state.compareExchange(
                    expected: state.bits, desired: left, ordering: .acquiringAndReleasing)
                if isDone {
                    outstanding.wrappingSubtract(1, ordering: .relaxed)
                    return state.origin
                }
                state = State(bits: original)
            }
            number &+= 1
        }
        return nil
    }

    @inline(__always)
    private func entry(_ value: SipHash.Value, _ number: Int) -> UnsafeMutablePointer<Entry> {
        unsafe entries + (Int(truncatingIfNeeded: value.low) &+ number) & (Self.capacity - 1)
    }

    /// Whether an entry is about that hash, and recent.
    @inline(__always)
    private static func holds(
        _ entry: UnsafeMutablePointer<Entry>, _ value: SipHash.Value, _ now: UInt64
    ) -> Bool {
        return unsafe entry.pointee.low.load(ordering: .acquiring) == value.low
            && entry.pointee.high.load(ordering: .acquiring) == value.high
            && now <= entry.pointee.time.load(ordering: .acquiring) &+ InjectedOrigin.lifetime
    }
}
