// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

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
    let chunks: InjectionChunks
    let inbox: InjectionInbox
    private let free = Atomic<UInt64>(0)
    private let used = Atomic<UInt32>(0)

    /// Reserves it. Where there is no address space for it there are no chunks, as if all were in use.
    ///
    /// - Parameter packets: how many there may be at a time.
    init(chunks count: Int, packets: Int) {
        let places = InjectionInbox.count(for: packets)
        let wanted = count * InjectionChunks.stride + places * MemoryLayout<UInt32>.size
        // Not malloc: what it gives may have been used before, and would have to be cleared.
        let mapped = unsafe mmap(
            nil, wanted, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        let isMapped = unsafe mapped != MAP_FAILED && mapped != nil
        // Nor 2 MiB at a time, cleared while a packet waits.
        if isMapped { unsafe madvise(mapped, count * InjectionChunks.stride, MADV_NOHUGEPAGE) }
        self.count = isMapped ? count : 0
        size = isMapped ? wanted : 0
        let start = unsafe isMapped ? mapped : nil
        unsafe memory = start ?? UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        unsafe chunks = InjectionChunks(memory)
        unsafe inbox = InjectionInbox(memory + self.count * InjectionChunks.stride, count: isMapped ? places : 1)
    }

    deinit {
        if size > 0 { unsafe munmap(memory, size) } else { unsafe memory.deallocate() }
    }

    /// Slots that have ever been used: all others are untouched.
    var touched: Int { min(Int(used.load(ordering: .acquiring)), count) }

    /// Takes a slot with its chunk; nil when all are in use.
    @inline(__always)
    func take() -> UInt32? {
        var head = free.load(ordering: .acquiring)
        while true {
            let top = UInt32(truncatingIfNeeded: head)
            guard top != 0 else { return takeFresh() }
            let next = unsafe chunks.slot(top - 1).pointee.nextFree.load(ordering: .relaxed)
            let (isTaken, original) = free.weakCompareExchange(
                expected: head, desired: Self.head(next, after: head), ordering: .acquiringAndReleasing)
            if isTaken { return top - 1 }
            head = original
        }
    }

    /// Gives a chain of slots back.
    func giveBack(_ chain: InjectionChunks.Chain) {
        guard chain.first != 0 else { return }
        var head = free.load(ordering: .relaxed)
        while true {
            unsafe chunks.slot(chain.last - 1).pointee.nextFree.store(
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
