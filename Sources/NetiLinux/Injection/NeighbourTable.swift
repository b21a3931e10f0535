// SPDX-License-Identifier: Apache-2.0

package import Neti
package import Packet
import Synchronization

/// A next hop: an address on the link of an interface.
package struct NeighbourKey: Hashable, Sendable, BitwiseCopyable {
    package let interface: UInt32
    package let address: IPAddress

    package init(interface: UInt32, address: IPAddress) {
        self.interface = interface
        self.address = address
    }
}

// How it works
//
// The table is divided into sets of a few entries; a next hop has its place in one set. An entry is written by one thread
// and read by any: it has a version, odd while it is being written, and a reader that finds two different versions before
// and after takes the entry for missing. All of it is atomic, so a torn entry may be read but is never believed.
//
// A packet whose next hop is missing here takes the long way, by the list. Until it has left, no packet to the same set
// may take the short one, or it would overtake. So each set counts its packets on the long way. The thread that puts one
// on it raises the count before it looks at anything else; it is lowered when the packet has left.
//
// What is sent in a row mostly goes out of one interface to one next hop. So an entry also says until when nobody need look
// at the interface again: whoever has looked notes the generation of the interface table, the entry's version, and the MTU
// in one word. The note counts while both are the same.

/// The next hops whose link-layer addresses are known, for threads that send at once (NI_DIRECT_OUT).
///
/// Looking is for any thread and takes no lock, allocates nothing and retains nothing. One thread writes.
@safe
package final class NeighbourTable: @unchecked Sendable {
    private static let setBits = 7
    private static let setSize = 4
    private static var entryCount: Int { setSize << setBits }

    /// On a cache line of its own.
    private struct Entry: ~Copyable {
        let version = Atomic<UInt32>(0)
        /// 0 when the entry is free.
        let interface = Atomic<UInt32>(0)
        let high = Atomic<UInt64>(0)
        let low = Atomic<UInt64>(0)
        let address = Atomic<UInt64>(0)
        /// IP version, and how many bytes of the link-layer address count.
        let kind = Atomic<UInt16>(0)
        let isUsed = Atomic<Bool>(false)
        /// From the highest bit down: 24 bits of a generation, 24 of `version`, 16 of an MTU; written by any thread.
        let checked = Atomic<UInt64>(0)
        private let padding: (UInt64, UInt64) = (0, 0)
    }

    /// Made with the first entry: most instances never send this way.
    private let entries = unsafe Atomic<UnsafeMutablePointer<Entry>?>(nil)
    private let waiting: UnsafeMutablePointer<Atomic<UInt32>>
    /// Which entry of a full set is given up next.
    private var turn = 0

    package init() {
        let count = 1 << Self.setBits
        unsafe waiting = .allocate(capacity: count)
        for index in 0..<count { unsafe (waiting + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe waiting.deallocate()
        unsafe entries.load(ordering: .acquiring)?.deallocate()
    }

    // MARK: On any thread

    /// The link-layer address of a next hop to which a packet may go at once; nil when it isn't known, or when packets on
    /// the long way would be overtaken.
    @inline(__always)
    package func address(of key: NeighbourKey) -> LinkLayerAddress? {
        let set = Self.set(of: key)
        guard unsafe waiting[set].load(ordering: .acquiring) == 0 else { return nil }
        return find(key, in: set) { _, _ in true }
    }

    /// The same for a packet whose interface need not be looked at again: at that generation of the interfaces it was up, took
    /// packets of that length, and led to this next hop. Nil when somebody has to look.
    @inline(__always)
    package func address(of key: NeighbourKey, length: Int, generation: UInt32) -> LinkLayerAddress? {
        let set = Self.set(of: key)
        guard unsafe waiting[set].load(ordering: .acquiring) == 0 else { return nil }
        return find(key, in: set) { checked, version in
            checked >> 16 == Self.check(generation, version) && length <= Int(checked & 0xFFFF)
        }
    }

    /// Notes that at that generation of the interfaces this one was up, had that MTU, and sent to neighbours there.
    package func note(mtu: UInt32, generation: UInt32, for key: NeighbourKey) {
        guard let entry = unsafe entry(of: key) else { return }
        let version = unsafe entry.pointee.version.load(ordering: .acquiring)
        guard unsafe version & 1 == 0 && Self.is(entry, key) else { return }
        // Should the entry be written now, its version isn't this one any more.
        unsafe entry.pointee.checked.store(
            Self.check(generation, version) << 16 | UInt64(min(mtu, 0xFFFF)), ordering: .relaxed)
    }

    @inline(__always)
    private static func check(_ generation: UInt32, _ version: UInt32) -> UInt64 {
        UInt64(generation & 0xFF_FFFF) << 24 | UInt64(version & 0xFF_FFFF)
    }

    /// Notes that a packet to it takes the long way; no later packet of this thread overtakes it.
    package func beginWaiting(for key: NeighbourKey) {
        unsafe waiting[Self.set(of: key)].wrappingAdd(1, ordering: .acquiringAndReleasing)
    }

    /// Notes that such a packet has left, or never will.
    package func endWaiting(for key: NeighbourKey) {
        unsafe waiting[Self.set(of: key)].wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }

    @inline(__always)
    private func find(
        _ key: NeighbourKey, in set: Int, where isGood: (_ checked: UInt64, _ version: UInt32) -> Bool
    ) -> LinkLayerAddress? {
        guard let entries = unsafe entries.load(ordering: .acquiring) else { return nil }
        for index in 0..<Self.setSize {
            let entry = unsafe entries + (set &* Self.setSize &+ index)
            let before = unsafe entry.pointee.version.load(ordering: .acquiring)
            guard unsafe before & 1 == 0 && Self.is(entry, key) else { continue }
            let bytes = unsafe entry.pointee.address.load(ordering: .acquiring)
            let length = unsafe entry.pointee.kind.load(ordering: .acquiring) & 0xFF
            let checked = unsafe entry.pointee.checked.load(ordering: .acquiring)
            guard isGood(checked, before) else { return nil }
            guard unsafe entry.pointee.version.load(ordering: .relaxed) == before else { return nil }
            // Only when it has to be: this line is shared by all who send there.
            if unsafe !entry.pointee.isUsed.load(ordering: .relaxed) {
                unsafe entry.pointee.isUsed.store(true, ordering: .relaxed)
            }
            return LinkLayerAddress(bytes, length: Int(length))
        }
        return nil
    }

    @inline(__always)
    private static func `is`(_ entry: UnsafeMutablePointer<Entry>, _ key: NeighbourKey) -> Bool {
        unsafe entry.pointee.interface.load(ordering: .acquiring) == key.interface
            && entry.pointee.low.load(ordering: .acquiring) == key.address.low
            && entry.pointee.high.load(ordering: .acquiring) == key.address.high
            && entry.pointee.kind.load(ordering: .acquiring) >> 8 == UInt16(key.address.version.rawValue)
    }

    @inline(__always)
    private static func set(of key: NeighbourKey) -> Int {
        let mixed = (key.address.low ^ key.address.high &* 0x9E37_79B9_7F4A_7C15) &+ UInt64(key.interface) << 32
        return Int(truncatingIfNeeded: (mixed &* 0xD6E8_FEB8_6659_FD93) >> UInt64(64 - setBits))
    }

    // MARK: On the thread that writes

    /// Makes an address known, or another one in its place.
    ///
    /// - Returns: the next hop that had to give way, if any.
    package func publish(_ address: LinkLayerAddress, of key: NeighbourKey) -> NeighbourKey? {
        let entries = unsafe made()
        let first = unsafe entries + Self.set(of: key) * Self.setSize
        var place: UnsafeMutablePointer<Entry>?
        for index in 0..<Self.setSize {
            let entry = unsafe first + index
            if unsafe Self.is(entry, key) {
                unsafe place = entry
                break
            }
            if unsafe place == nil && entry.pointee.interface.load(ordering: .relaxed) == 0 { unsafe place = entry }
        }
        if let place = unsafe place {
            unsafe write(place, key, address)
            return nil
        }
        turn = (turn + 1) % Self.setSize
        let victim = unsafe first + turn
        let evicted = unsafe Self.key(of: victim)
        unsafe write(victim, key, address)
        return evicted
    }

    /// Forgets an address.
    package func remove(_ key: NeighbourKey) {
        if let entry = unsafe entry(of: key) { unsafe write(entry, nil, nil) }
    }

    /// Whether packets went there since this was asked last.
    package func takeUse(of key: NeighbourKey) -> Bool {
        guard let entry = unsafe entry(of: key) else { return false }
        return unsafe entry.pointee.isUsed.exchange(false, ordering: .relaxed)
    }

    private func entry(of key: NeighbourKey) -> UnsafeMutablePointer<Entry>? {
        guard let entries = unsafe entries.load(ordering: .relaxed) else { return nil }
        for index in 0..<Self.setSize {
            let entry = unsafe entries + (Self.set(of: key) * Self.setSize + index)
            if unsafe Self.is(entry, key) { return unsafe entry }
        }
        return nil
    }

    private func made() -> UnsafeMutablePointer<Entry> {
        if let entries = unsafe entries.load(ordering: .relaxed) { return unsafe entries }
        let made = UnsafeMutablePointer<Entry>.allocate(capacity: Self.entryCount)
        for index in 0..<Self.entryCount { unsafe (made + index).initialize(to: Entry()) }
        unsafe entries.store(made, ordering: .releasing)
        return unsafe made
    }

    private static func key(of entry: UnsafeMutablePointer<Entry>) -> NeighbourKey {
        let (high, low) = unsafe (
            entry.pointee.high.load(ordering: .relaxed), entry.pointee.low.load(ordering: .relaxed)
        )
        let isV4 = unsafe entry.pointee.kind.load(ordering: .relaxed) >> 8 == UInt16(IPVersion.v4.rawValue)
        return NeighbourKey(
            interface: unsafe entry.pointee.interface.load(ordering: .relaxed),
            address: isV4 ? IPAddress(v4: UInt32(truncatingIfNeeded: low)) : IPAddress(v6High: high, low: low))
    }

    private func write(_ entry: UnsafeMutablePointer<Entry>, _ key: NeighbourKey?, _ address: LinkLayerAddress?) {
        let version = unsafe entry.pointee.version.load(ordering: .relaxed)
        unsafe entry.pointee.version.store(version &+ 1, ordering: .relaxed)
        // Each of these is ordered behind the odd version, for a reader that sees it.
        unsafe entry.pointee.interface.store(key?.interface ?? 0, ordering: .releasing)
        unsafe entry.pointee.high.store(key?.address.high ?? 0, ordering: .releasing)
        unsafe entry.pointee.low.store(key?.address.low ?? 0, ordering: .releasing)
        unsafe entry.pointee.address.store(address?.rawValue ?? 0, ordering: .releasing)
        let version4or6 = UInt16(key?.address.version.rawValue ?? 0)
        unsafe entry.pointee.kind.store(version4or6 << 8 | UInt16(address?.length ?? 0), ordering: .releasing)
        // Whoever asked for it is about to use it.
        unsafe entry.pointee.isUsed.store(key != nil, ordering: .relaxed)
        unsafe entry.pointee.version.store(version &+ 2, ordering: .releasing)
    }
}
