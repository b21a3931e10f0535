// SPDX-License-Identifier: Apache-2.0

import CPrefetch
import Glibc
import Synchronization

/// Describes one chunk of an ``InjectionList``'s memory; the slot of a packet's first chunk describes the packet.
///
/// All zero bytes are a slot that was never used. Whoever took a slot off the free list is the only one to write its plain
/// fields until it hands the slot on.
struct InjectionSlot: ~Copyable {
    /// What a packet is waiting for.
    enum State: UInt32 {
        case free = 0
        /// Being filled, or on its way through the consumer.
        case moving = 1
        /// For somebody to redeem its ticket.
        case held = 2
        /// For its time to come.
        case waiting = 3
    }

    /// ``State`` in the low half; in the high half how often the slot was used, which tells an old ticket from a new one.
    let state: Atomic<UInt64>
    /// When the packet was put on the list, in nanoseconds of the monotonic clock.
    let since: Atomic<UInt64>
    /// The next free slot plus one.
    let nextFree: Atomic<UInt32>
    /// The next slot plus one among those that the consumer has waiting in line.
    var nextInLine: UInt32
    /// The packet's next chunk plus one.
    var nextChunk: UInt32
    var packet: DuePacket

    static func word(_ state: State, use: UInt32) -> UInt64 { UInt64(use) << 32 | UInt64(state.rawValue) }

    static func use(in word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

    static func state(in word: UInt64) -> State { State(rawValue: UInt32(truncatingIfNeeded: word)) ?? .free }
}

/// The slots and chunks of one list: memory that is reserved at once and taken by the kernel page by page as it is used.
///
/// Taking and giving back is for any thread, without a lock: a stack of free slots, whose head carries a number that
/// changes with every change, so that a thread that was held up meanwhile starts anew.
@safe
struct InjectionMemory: ~Copyable, @unchecked Sendable {
    let count: Int
    /// Bytes that are mapped, 0 if that failed.
    private let size: Int
    private let memory: UnsafeMutableRawPointer
    let inbox: InjectionInbox
    private let free = Atomic<UInt64>(0)
    private let used = Atomic<UInt32>(0)

    static let chunkSize = 2048
    /// Bytes before a chunk, where its slot is: neighbours, for whoever reads the one reads the other.
    private static let slotSize = 128
    private static let stride = slotSize + chunkSize

    /// Reserves it. Where there is no address space for it there are no chunks, as if all were in use.
    ///
    /// - Parameter packets: how many there may be at a time.
    init(chunks count: Int, packets: Int) {
        precondition(MemoryLayout<InjectionSlot>.size <= Self.slotSize)
        let places = InjectionInbox.count(for: packets)
        let wanted = count * Self.stride + places * MemoryLayout<UInt32>.size
        // Not malloc: what it gives may have been used before, and would have to be cleared.
        let mapped = unsafe mmap(
            nil, wanted, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        let isMapped = unsafe mapped != MAP_FAILED && mapped != nil
        // Nor 2 MiB at a time, cleared while a packet waits.
        if isMapped { unsafe madvise(mapped, count * Self.stride, MADV_NOHUGEPAGE) }
        self.count = isMapped ? count : 0
        size = isMapped ? wanted : 0
        let start = unsafe isMapped ? mapped : nil
        unsafe memory = start ?? UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        unsafe inbox = InjectionInbox(memory + self.count * Self.stride, count: isMapped ? places : 1)
    }

    deinit {
        if size > 0 { unsafe munmap(memory, size) } else { unsafe memory.deallocate() }
    }

    /// Slots that have ever been used: all others are untouched.
    var touched: Int { min(Int(used.load(ordering: .acquiring)), count) }

    @inline(__always)
    func slot(_ index: UInt32) -> UnsafeMutablePointer<InjectionSlot> {
        unsafe (memory + Int(index) &* Self.stride).assumingMemoryBound(to: InjectionSlot.self)
    }

    /// Has the processor fetch what is read of a packet first. Another thread wrote it a moment ago, so each line has to come
    /// from that one's cache; asked for early, nothing waits for them.
    @inline(__always)
    func fetch(_ index: UInt32) {
        let start = unsafe UnsafeRawPointer(memory + Int(index) &* Self.stride)
        // The slot is written when the packet is taken off.
        unsafe cprefetch_write(start)
        unsafe cprefetch_read(start + 64)
        unsafe cprefetch_read(start + 128)
        unsafe cprefetch_read(start + 192)
    }

    @inline(__always)
    func bytes(_ index: UInt32) -> UnsafeMutableRawPointer {
        unsafe memory + (Int(index) &* Self.stride &+ Self.slotSize)
    }

    /// Takes a slot with its chunk; nil when all are in use.
    @inline(__always)
    func take() -> UInt32? {
        var head = free.load(ordering: .acquiring)
        while true {
            let top = UInt32(truncatingIfNeeded: head)
            guard top != 0 else { return takeFresh() }
            let next = unsafe slot(top - 1).pointee.nextFree.load(ordering: .relaxed)
            let (isTaken, original) = free.weakCompareExchange(
                expected: head, desired: Self.head(next, after: head), ordering: .acquiringAndReleasing)
            if isTaken { return top - 1 }
            head = original
        }
    }

    /// Slots that are to be given back together.
    struct Chain {
        /// A slot plus one; 0 for none.
        var first: UInt32 = 0
        var last: UInt32 = 0
    }

    /// Puts a packet's slots before the others of a chain.
    func link(_ packet: UInt32, into chain: inout Chain) {
        var next = packet + 1
        while next != 0 {
            let slot = unsafe slot(next - 1)
            if chain.first == 0 { chain.last = next }
            unsafe slot.pointee.nextFree.store(chain.first, ordering: .relaxed)
            chain.first = next
            next = unsafe slot.pointee.nextChunk
        }
    }

    /// Gives a chain of slots back.
    func giveBack(_ chain: Chain) {
        guard chain.first != 0 else { return }
        var head = free.load(ordering: .relaxed)
        while true {
            unsafe slot(chain.last - 1).pointee.nextFree.store(
                UInt32(truncatingIfNeeded: head), ordering: .relaxed)
            let (isDone, original) = free.weakCompareExchange(
                expected: head, desired: Self.head(chain.first, after: head), ordering: .acquiringAndReleasing)
            if isDone { return }
            head = original
        }
    }

    private func takeFresh() -> UInt32? {
        var fresh = used.load(ordering: .relaxed)
        while Int(fresh) < count {
            let (isTaken, original) = used.weakCompareExchange(
                expected: fresh, desired: fresh + 1, ordering: .acquiringAndReleasing)
            if isTaken { return fresh }
            fresh = original
        }
        return nil
    }

    private static func head(_ top: UInt32, after head: UInt64) -> UInt64 {
        ((head >> 32) &+ 1) << 32 | UInt64(top)
    }
}
