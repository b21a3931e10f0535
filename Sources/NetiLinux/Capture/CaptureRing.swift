// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Glibc
import Neti
import Synchronization

/// Captured packets on their way from one pump thread to whoever reads them.
///
/// A ring of bytes with one writer and one reader. The writer never waits: what finds no room is counted and lost. A
/// record is a header and the packet's bytes, in one piece and aligned to eight bytes; one that would not fit before the
/// end of the memory begins at its start, and a length of 0 says so. The writer publishes records by moving `end`, the
/// reader gives their room back by moving `begin`: so no byte is ever read and written at the same time.
@safe
struct CaptureRing: ~Copyable, @unchecked Sendable {
    /// What stands before a packet's bytes. A plain value without references.
    struct Header {
        /// Bytes of the whole record; 0 when the next one is at the start of the memory.
        var size: UInt32
        /// Bytes of the packet that follow.
        var captured: UInt32
        var length: UInt32
        var netid: NetID
        var inInterface: UInt32
        var outInterface: UInt32
        var mark: UInt32
        var family: NetworkFamily
        var event: NetworkEvent
        var verdict: CapturedPacket.Verdict
        var injections: UInt8
        var isEdited: Bool
        var time: UInt64
        var registration: UInt64
    }

    static let headerSize = (MemoryLayout<Header>.size + 7) & ~7

    private let memory: UnsafeMutableRawPointer
    private let isMapped: Bool
    private let capacity: Int
    /// `begin`, `end` and what was lost, counted without wrapping, in cache lines of their own.
    private let positions: UniqueArray<Atomic<Int>>

    private static var begin: Int { 16 }
    private static var end: Int { 32 }
    private static var lost: Int { 48 }

    /// - Parameter capacity: bytes, a power of two that holds more than the longest packet.
    init(capacity: Int) {
        self.capacity = capacity
        // Not malloc, which keeps as much for each thread that has ever begun a capture.
        let mapped = unsafe mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        isMapped = unsafe mapped != MAP_FAILED
        let start = unsafe isMapped ? mapped : nil
        unsafe memory = start ?? .allocate(byteCount: capacity, alignment: 64)
        // Touched now, so that the pump meets no page fault.
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
        var positions = UniqueArray<Atomic<Int>>(minimumCapacity: 64)
        for _ in 0..<64 { positions.append(Atomic(0)) }
        self.positions = positions
    }

    deinit {
        if isMapped { unsafe munmap(memory, capacity) } else { unsafe memory.deallocate() }
    }

    /// Records that found no room.
    var lost: Int { positions[Self.lost].load(ordering: .relaxed) }

    /// Writes a packet, or counts it as lost. On the writer's thread only.
    func write(_ header: Header, _ bytes: RawSpan) {
        var header = header
        let size = (Self.headerSize &+ bytes.byteCount &+ 7) & ~7
        let begin = positions[Self.begin].load(ordering: .acquiring)
        var end = positions[Self.end].load(ordering: .relaxed)
        var place = end & (capacity &- 1)
        // Never 0, and a multiple of eight.
        let left = capacity &- place
        let skipped = left < size ? left : 0
        guard end &- begin &+ skipped &+ size <= capacity else {
            positions[Self.lost].store(lost &+ 1, ordering: .relaxed)
            return
        }
        if skipped > 0 {
            unsafe memory.storeBytes(of: 0, toByteOffset: place, as: UInt32.self)
            end &+= skipped
            place = 0
        }
        header.size = UInt32(truncatingIfNeeded: size)
        header.captured = UInt32(truncatingIfNeeded: bytes.byteCount)
        unsafe (memory + place).storeBytes(of: header, as: Header.self)
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress {
                unsafe (memory + place + Self.headerSize).copyMemory(from: start, byteCount: source.count)
            }
        }
        positions[Self.end].store(end &+ size, ordering: .releasing)
    }

    /// Takes the oldest packet; nil if there is none. On one thread at a time.
    func read() -> CapturedPacket? {
        var begin = positions[Self.begin].load(ordering: .relaxed)
        let end = positions[Self.end].load(ordering: .acquiring)
        guard begin != end else { return nil }
        var place = begin & (capacity - 1)
        if unsafe memory.load(fromByteOffset: place, as: UInt32.self) == 0 {
            begin += capacity - place
            place = 0
        }
        let header = unsafe memory.load(fromByteOffset: place, as: Header.self)
        let bytes = unsafe [UInt8](
            UnsafeRawBufferPointer(start: memory + place + Self.headerSize, count: Int(header.captured)))
        positions[Self.begin].store(begin + Int(header.size), ordering: .releasing)
        return CapturedPacket(
            verdict: header.verdict, netid: header.netid, family: header.family, event: header.event,
            registration: header.registration, time: header.time, inInterface: header.inInterface,
            outInterface: header.outInterface, mark: header.mark, injections: header.injections,
            isEdited: header.isEdited, length: Int(header.length), bytes: bytes)
    }
}
