// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Glibc
import Testing

/// `cnfq_verdict_append…`: the exact bytes that the kernel gets.
@Suite struct VerdictTests {
    /// Appends into a buffer of `capacity` bytes and gives back what is in use.
    func bytes(
        capacity: Int = 256, _ append: (inout cnfq_verdicts) throws -> Void
    ) throws -> (bytes: [UInt8], count: UInt32) {
        let memory = try GuardedBytes([UInt8](repeating: 0xee, count: capacity))
        var verdicts = unsafe cnfq_verdicts()
        unsafe cnfq_verdicts_prepare(&verdicts, memory.start, UInt32(capacity))
        try unsafe append(&verdicts)
        let used = unsafe UnsafeBufferPointer(start: verdicts.bytes, count: Int(verdicts.length))
        return unsafe (Array(used), verdicts.count)
    }

    static let verdict: [UInt8] =
        NetlinkBytes.host(UInt32(32)) + NetlinkBytes.host(UInt16(0x301))  // length, NFQNL_MSG_VERDICT
        + NetlinkBytes.host(UInt16(1)) + NetlinkBytes.host(UInt32(0x0a0b_0c0d))  // NLM_F_REQUEST, the id again
        + NetlinkBytes.host(UInt32(0))
        + [0, 0, 0x12, 0x34]  // AF_UNSPEC, NFNETLINK_V0, queue
        + NetlinkBytes.attribute(2, [0, 0, 0, 1, 0x0a, 0x0b, 0x0c, 0x0d])  // NFQA_VERDICT_HDR: accept, id

    static func longer(_ message: [UInt8], by attributes: [UInt8], type: UInt16 = 0x301) -> [UInt8] {
        let length = NetlinkBytes.host(UInt32(message.count + attributes.count))
        return length + NetlinkBytes.host(type) + message[6...] + attributes
    }

    @Test func aVerdict() throws {
        let result = try unsafe bytes { verdicts in
            #expect(unsafe cnfq_verdict_append(&verdicts, 0x1234, 0x0a0b_0c0d, UInt32(CNFQ_ACCEPT), Self.none) == 0)
        }
        #expect(result.bytes == Self.verdict)
        #expect(result.count == 1)
    }

    /// Whatever is changed: mark, priority, both or nothing.
    @Test(arguments: [-1, 0x0102_0304] as [Int64], [-1, 0, 0x0506_0708] as [Int64])
    func aChange(mark: Int64, priority: Int64) throws {
        let change = cnfq_change(mark: mark, priority: priority)
        let result = try unsafe bytes { verdicts in
            #expect(unsafe cnfq_verdict_append(&verdicts, 0x1234, 0x0a0b_0c0d, UInt32(CNFQ_ACCEPT), change) == 0)
        }
        #expect(result.bytes == Self.longer(Self.verdict, by: Self.attributes(of: change)))
    }

    static let none = cnfq_change(mark: -1, priority: -1)

    /// NFQA_MARK and NFQA_PRIORITY.
    static func attributes(of change: cnfq_change) -> [UInt8] {
        func attribute(_ type: UInt16, _ value: Int64) -> [UInt8] {
            value < 0 ? [] : NetlinkBytes.attribute(type, NetlinkBytes.network(UInt32(value)))
        }
        return attribute(3, change.mark) + attribute(21, change.priority)
    }

    /// The attribute's length must leave padding out, or the kernel takes the padding for packet.
    @Test(arguments: 0...9, [(-1, -1), (0x0102_0304, -1), (-1, 0), (7, 0x0506_0708)] as [(Int64, Int64)])
    func aPayload(length: Int, changes: (mark: Int64, priority: Int64)) throws {
        let payload = [UInt8](1...10)
        let change = cnfq_change(mark: changes.mark, priority: changes.priority)
        let result = try unsafe bytes { verdicts in
            let outcome = unsafe cnfq_verdict_append_payload(
                &verdicts, 0x1234, 0x0a0b_0c0d, UInt32(CNFQ_ACCEPT), change, payload, UInt32(length))
            #expect(outcome == 0)
        }
        let replaced = NetlinkBytes.attribute(10, Array(payload.prefix(length)))
        #expect(result.bytes == Self.longer(Self.verdict, by: Self.attributes(of: change) + replaced))
    }

    @Test(arguments: [-1, 0] as [Int64])
    func aBatchVerdict(priority: Int64) throws {
        let change = cnfq_change(mark: -1, priority: priority)
        let result = try unsafe bytes { verdicts in
            #expect(
                unsafe cnfq_verdict_append_batch(&verdicts, 0x1234, 0x0a0b_0c0d, UInt32(CNFQ_ACCEPT), change) == 0)
        }
        #expect(result.bytes == Self.longer(Self.verdict, by: Self.attributes(of: change), type: 0x303))
    }

    @Test func verdictsFollowEachOther() throws {
        let result = try unsafe bytes { verdicts in
            for id in 0..<8 as Range<UInt32> {
                #expect(unsafe cnfq_verdict_append(&verdicts, 1, id, UInt32(CNFQ_DROP), Self.none) == 0)
            }
        }
        #expect(result.count == 8)
        #expect(result.bytes.count == 8 * Int(CNFQ_VERDICT_SIZE))
        let ids = stride(from: 31, to: result.bytes.count, by: 32).map { result.bytes[$0] }
        #expect(ids == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test(arguments: 0..<72)
    func aFullBufferRefusesAndStaysAsItWas(capacity: Int) throws {
        let usable = capacity / 4 * 4
        let result = try unsafe bytes(capacity: usable) { verdicts in
            let fitting = usable / 32
            for _ in 0..<fitting { #expect(unsafe cnfq_verdict_append(&verdicts, 1, 1, 1, Self.none) == 0) }
            #expect(unsafe cnfq_verdict_append(&verdicts, 1, 1, 1, Self.none) == -ENOBUFS)
            let change = cnfq_change(mark: 1, priority: 1)
            #expect(unsafe cnfq_verdict_append(&verdicts, 1, 1, 1, change) == -ENOBUFS)
        }
        #expect(result.bytes.count == usable / 32 * 32)
        #expect(Int(result.count) == usable / 32)
    }

    @Test func aPayloadTooLargeForAnAttributeIsRefused() throws {
        let payload = [UInt8](repeating: 0, count: Int(CNFQ_MAX_COPY_RANGE) + 1)
        let result = try unsafe bytes(capacity: 70_000) { verdicts in
            let largest = UInt32(CNFQ_MAX_COPY_RANGE)
            #expect(
                unsafe cnfq_verdict_append_payload(&verdicts, 1, 1, 1, Self.none, payload, largest + 1) == -EMSGSIZE)
            #expect(unsafe cnfq_verdict_append_payload(&verdicts, 1, 1, 1, Self.none, payload, largest) == 0)
        }
        #expect(result.bytes.count == 32 + 4 + 65_532)
        #expect(Array(result.bytes[32..<36]) == NetlinkBytes.host(UInt16(0xffff)) + NetlinkBytes.host(UInt16(10)))
    }

    @Test(arguments: [(0, 0), (1, 70_000), (64, 4_500_000), (1024, 72_000_000), (1025, 0)] as [(UInt32, Int)])
    func slabsAreSizedForTheLargestPacket(messages: UInt32, most: Int) {
        let size = cnfq_slab_size(messages)
        #expect(size <= most)
        #expect(size >= (most == 0 ? 0 : Int(messages) * (Int(CNFQ_MAX_COPY_RANGE) + 4_000)))
    }

    @Test func aSlabNeedsRoomAndAlignment() {
        let size = cnfq_slab_size(4)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size + 64, alignment: 64)
        defer { unsafe memory.deallocate() }
        #expect(unsafe cnfq_slab_prepare(memory, size, 4) != nil)
        #expect(unsafe cnfq_slab_prepare(memory, size - 1, 4) == nil)
        #expect(unsafe cnfq_slab_prepare(memory + 8, size, 4) == nil)
        #expect(unsafe cnfq_slab_prepare(memory, size, 0) == nil)
    }
}
