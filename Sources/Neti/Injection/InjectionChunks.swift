// SPDX-License-Identifier: Apache-2.0

import CPrefetch
import Synchronization

/// Where the slots and chunks of one ``InjectionMemory`` are; valid as long as that is.
///
/// A copy of its own keeps the consumer from asking the memory, whose other fields the injecting threads write with every
/// packet.
@safe
@usableFromInline
struct InjectionChunks: @unchecked Sendable {
    /// Bytes of one chunk.
    @usableFromInline
    static var size: Int { 2048 }
    /// Bytes before a chunk, where its slot is: neighbours, for whoever reads the one reads the other.
    @usableFromInline
    static var slotSize: Int { 96 }
    /// From one slot to the next: whole cache lines.
    @usableFromInline
    static var stride: Int { (slotSize + size + 63) / 64 * 64 }

    @usableFromInline let start: UnsafeMutableRawPointer

    /// - Parameter start: the first slot, the beginning of a cache line.
    @unsafe
    init(_ start: UnsafeMutableRawPointer) {
        precondition(MemoryLayout<InjectionSlot>.size <= Self.slotSize)
        unsafe self.start = start
    }

    @inline(__always)
    func slot(_ index: UInt32) -> UnsafeMutablePointer<InjectionSlot> {
        unsafe (start + Int(index) &* Self.stride).assumingMemoryBound(to: InjectionSlot.self)
    }

    @inlinable
    @inline(__always)
    func bytes(_ index: UInt32) -> UnsafeMutableRawPointer {
        unsafe start + (Int(index) &* Self.stride &+ Self.slotSize)
    }

    /// Has the processor fetch what is read of a packet first. Another thread wrote it a moment ago, so each line has to come
    /// from that one's cache; asked for early, nothing waits for them.
    @inline(__always)
    func fetch(_ index: UInt32) {
        let slot = unsafe UnsafeRawPointer(start + Int(index) &* Self.stride)
        // The slot is written when the packet is taken off.
        unsafe cprefetch_write(slot)
        unsafe cprefetch_read(slot + 64)
        unsafe cprefetch_read(slot + 128)
    }

    /// Makes tickets for a packet void.
    @inline(__always)
    func free(_ index: UInt32) {
        let slot = unsafe slot(index)
        let use = unsafe InjectionSlot.use(in: slot.pointee.state.load(ordering: .relaxed))
        unsafe slot.pointee.state.store(InjectionSlot.word(.free, use: use &+ 1), ordering: .releasing)
    }

    /// Slots that are to be given back together.
    struct Chain {
        /// A slot plus one; 0 for none.
        var first: UInt32 = 0
        var last: UInt32 = 0
        var count = 0
    }

    /// Puts a packet's slots before the others of a chain.
    @inline(__always)
    func link(_ packet: UInt32, into chain: inout Chain) {
        var next = packet + 1
        while next != 0 {
            let slot = unsafe slot(next - 1)
            if chain.first == 0 { chain.last = next }
            unsafe slot.pointee.nextFree.store(chain.first, ordering: .relaxed)
            chain.first = next
            chain.count &+= 1
            next = unsafe slot.pointee.nextChunk
        }
    }
}
