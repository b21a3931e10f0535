// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// The slots and chunks of one list: memory that is reserved at once and taken by the kernel page by page as it is used.
///
/// Taking and giving back is for any thread, without a lock: a stack of free slots, whose head carries a number that
/// changes with every change, so that a thread that was held up meanwhile starts anew.
@safe
struct InjectionMemory: ~Copyable, @unchecked Sendable {
    private let memory: UnsafeMutableRawPointer
    let chunks: InjectionChunks
    /// Bytes that are mapped, 0 if that failed, and chunks that they are enough for.
    private let size: Int
    private let reserved: Int
    /// Chunks that may be touched by now; never less than may be taken.
    private let open = Atomic(0)
    /// Chunks that may be taken, and those that are.
    private let limit = Atomic(0)
    private let taken = Atomic(0)
    private let free = Atomic<UInt64>(0)
    private let used = Atomic<UInt32>(0)

    /// Reserves addresses for as many chunks as there may ever be, of which none can be taken before ``allow(chunks:)``.
    ///
    /// - Parameter least: how many it is where there are not so many addresses (setrlimit(2), `RLIMIT_AS`).
    init(atLeast least: Int) {
        for count in [InjectionLimits.mostBytes / InjectionChunks.size, least] {
            // Not malloc: what it gives may have been used before, and would have to be cleared.
            let mapped = unsafe mmap(
                nil, count * InjectionChunks.stride, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { continue }
            // Nor 2 MiB at a time, cleared while a packet waits.
            unsafe madvise(mapped, count * InjectionChunks.stride, MADV_NOHUGEPAGE)
            unsafe memory = mapped
            unsafe chunks = InjectionChunks(mapped)
            (size, reserved) = (count * InjectionChunks.stride, count)
            return
        }
        unsafe memory = .allocate(byteCount: 8, alignment: 8)
        unsafe chunks = InjectionChunks(memory)
        (size, reserved) = (0, 0)
    }

    deinit {
        if size > 0 { unsafe munmap(memory, size) } else { unsafe memory.deallocate() }
    }

    /// Lets so many chunks be taken. Those above that are taken already stay until they are given back. One thread at a
    /// time.
    ///
    /// - Throws: `ENOMEM`; nothing has changed then.
    func allow(chunks count: Int) throws(NetiError) {
        if count > open.load(ordering: .relaxed) {
            let bytes = count * InjectionChunks.stride
            guard count <= reserved, unsafe mprotect(memory, bytes, PROT_READ | PROT_WRITE) == 0 else {
                throw NetiError(.noMemory, "no memory for \(bytes) bytes of packets that wait to be injected")
            }
            open.store(count, ordering: .releasing)
        }
        // Whoever may take more finds them open.
        limit.store(count, ordering: .releasing)
    }

    /// Chunks that a slot may be one of.
    var count: Int { open.load(ordering: .acquiring) }

    /// Chunks that may be taken.
    var limitOfChunks: Int { limit.load(ordering: .relaxed) }

    /// Slots that have ever been used: all others are untouched.
    var touched: Int { min(Int(used.load(ordering: .acquiring)), count) }

    /// Makes sure of so many chunks, which are taken next; false when there are not enough.
    @inline(__always)
    func claim(_ chunks: Int) -> Bool {
        if taken.wrappingAdd(chunks, ordering: .acquiring).newValue <= limit.load(ordering: .acquiring) { return true }
        unclaim(chunks)
        return false
    }

    /// Does without chunks that were claimed and not taken.
    func unclaim(_ chunks: Int) {
        taken.wrappingSubtract(chunks, ordering: .relaxed)
    }

    /// Takes a slot with its chunk, one of those that were claimed.
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
            if isDone { break }
            head = original
        }
        // Only now: whoever claims them finds them.
        taken.wrappingSubtract(chain.count, ordering: .releasing)
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
