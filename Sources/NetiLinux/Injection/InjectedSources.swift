// SPDX-License-Identifier: Apache-2.0

import CPrefetch
import Neti
import Synchronization

// How it works
//
// A packet that is to be received on an Ethernet interface gets a source address that was never used before: unicast,
// locally administered, 46 bits that nobody can guess. When it comes out of the receive path again, the address with it,
// the table says what was injected under that address. The upper 32 bits are a secret, which is compared. The low 14 say
// where in the table that stands, hidden by a mask that follows from the secret and a key of the table's. Places are
// handed out one after the other, so that an entry lives until 16,384 others were made and neighbours share a line of the
// processor's cache.
//
// An entry is one word, or two where the packet had a source of its own, as those have that a hook holds. They are written by
// one thread and read by many. The tag is 0 while the source changes; a reader that finds the same tag before and after it
// read the source has read what belongs together. The tags stand by themselves: what injects many packets goes round the
// whole table all the time, and takes as much of the processor's cache from everybody else.

/// The source addresses under which one instance injects packets (NI_QUEUE_IN).
///
/// Addresses are issued by one thread and looked up by any, without a lock. An address is looked up as often as the packet
/// passes an event, so looking doesn't use it up; it expires (``InjectedOrigin/lifetime``) or is overwritten.
@safe
package final class InjectedSources: @unchecked Sendable {
    package static let capacity = 1 << indexBits

    private static let indexBits: UInt64 = 14

    /// Places in one line of the processor's cache.
    private static let line: UInt32 = 8

    /// The time of an entry is counted in 2 to the 27th nanoseconds, 134 ms, in 17 bits. It comes round after five hours:
    /// an old address counts for ten seconds again then, if no other took its place since.
    private static let timeShift: UInt64 = 27
    private static let timeMask: UInt64 = (1 << 17) - 1

    /// From the highest bit down: 32 bits of the address, 6 injections, 8 stamps, whether there is a source, 17 of the time.
    private let tags: UnsafeMutablePointer<Atomic<UInt64>>
    /// 48 bits of the original source, the others its length.
    private let sources: UnsafeMutablePointer<Atomic<UInt64>>

    /// What the issuing thread alone uses: behind a pointer, for a class would have every access checked at run time.
    private struct Issuer: ~Copyable {
        var random = RandomBits()
        var next: UInt32 = 0
    }

    private let issuer: UnsafeMutablePointer<Issuer>
    /// Odd, so that every bit of a secret counts.
    private let key: UInt32

    package init() {
        unsafe tags = .allocate(capacity: Self.capacity)
        unsafe sources = .allocate(capacity: Self.capacity)
        for index in 0..<Self.capacity {
            unsafe (tags + index).initialize(to: Atomic(0))
            unsafe (sources + index).initialize(to: Atomic(0))
        }
        unsafe issuer = .allocate(capacity: 1)
        unsafe issuer.initialize(to: Issuer())
        key = unsafe issuer.pointee.random.nextHalf() | 1
    }

    deinit {
        unsafe issuer.deinitialize(count: 1).deallocate()
        unsafe tags.deinitialize(count: Self.capacity).deallocate()
        unsafe sources.deinitialize(count: Self.capacity).deallocate()
    }

    /// Makes an address for a packet. One thread.
    ///
    /// - Parameter now: nanoseconds of the monotonic clock.
    /// - Returns: six bytes, the first one in the highest place of the 64 bits.
    @inline(__always)
    package func issue(for origin: InjectedOrigin, now: UInt64) -> UInt64 {
        unsafe issuer.pointee.next &+= 1
        let number = unsafe issuer.pointee.next
        // The table is larger than the nearest cache, and stores wait for each other.
        if number % Self.line == 0 { unsafe cprefetch_write(tags + Self.index(number &+ 2 * Self.line)) }
        let index = Self.index(number)
        let secret = unsafe UInt64(issuer.pointee.random.nextHalf())
        let time = now >> Self.timeShift & Self.timeMask
        let counted = UInt64(origin.injections & 63) << 8 | UInt64(origin.stamps.rawValue)
        var tag = secret << 32 | counted << 18 | time
        if (1...6).contains(origin.linkLayerSourceLength) {
            tag |= Self.hasSource
            unsafe tags[index].store(0, ordering: .releasing)
            unsafe sources[index].store(
                origin.linkLayerSource & ~0xFFFF | UInt64(origin.linkLayerSourceLength), ordering: .releasing)
        }
        unsafe tags[index].store(tag, ordering: .releasing)
        return Self.address(secret << Self.indexBits | UInt64(index) ^ mask(of: secret))
    }

    private static let hasSource: UInt64 = 1 << 17

    private static func index(_ number: UInt32) -> Int { Int(number) & (capacity - 1) }

    /// What hides the place in an address.
    @inline(__always)
    private func mask(of secret: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: secret) &* key) >> (32 - Self.indexBits)
    }

    /// What was injected under an address; nil when it isn't one of ours. Any thread.
    ///
    /// - Parameters:
    ///   - address: six bytes, the first one in the highest place of the 64 bits.
    ///   - now: gives nanoseconds of the monotonic clock; called only when the address was one of ours.
    @inline(__always)
    package func origin(of address: UInt64, now: () -> UInt64) -> InjectedOrigin? {
        guard let number = Self.number(of: address) else { return nil }
        let secret = number >> Self.indexBits
        let index = Int((number ^ mask(of: secret)) & UInt64(Self.capacity - 1))
        let tag = unsafe tags[index].load(ordering: .acquiring)
        guard tag >> 32 == secret, tag != 0 else { return nil }
        var source: UInt64 = 0
        if tag & Self.hasSource != 0 {
            unsafe source = sources[index].load(ordering: .acquiring)
            guard unsafe tags[index].load(ordering: .relaxed) == tag else { return nil }
        }
        let age = (now() >> Self.timeShift &- tag) & Self.timeMask
        guard age <= InjectedOrigin.lifetime >> Self.timeShift else { return nil }
        return InjectedOrigin(
            injections: UInt8(tag >> 26 & 63), stamps: Stamps(rawValue: UInt8(truncatingIfNeeded: tag >> 18)),
            linkLayerSource: source & ~0xFFFF, linkLayerSourceLength: UInt8(source & 7))
    }

    /// 46 bits with the two that say "locally administered" and "unicast" put in, in the upper six bytes.
    private static func address(_ number: UInt64) -> UInt64 {
        ((number >> 40) << 42 | 0x0200_0000_0000 | number & 0xFF_FFFF_FFFF) << 16
    }

    /// The 46 bits; nil when the two are others or there are more than six bytes.
    @inline(__always)
    private static func number(of address: UInt64) -> UInt64? {
        guard address & 0x0300_0000_0000_FFFF == 0x0200_0000_0000_0000 else { return nil }
        return (address >> 58) << 40 | address >> 16 & 0xFF_FFFF_FFFF
    }
}
