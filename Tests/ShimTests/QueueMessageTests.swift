// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Testing

/// `cnfq_decode`: a queued packet's message into a flat structure, whatever the bytes.
@Suite struct QueueMessageTests {
    @safe struct Decoded {
        var kind = CNFQ_MALFORMED
        var packet = unsafe cnfq_packet()
        var refusal = cnfq_refusal()
        var payload: [UInt8] = []
    }

    /// Decodes, checks what must hold of every result, and takes the payload out of the memory that is about to go.
    func decode(_ bytes: [UInt8]) throws -> Decoded {
        let memory = try GuardedBytes(bytes)
        var decoded = Decoded()
        decoded.kind = Int(unsafe cnfq_decode(memory.start, memory.count, &decoded.packet, &decoded.refusal))
        try #require([CNFQ_MALFORMED, CNFQ_PACKET, CNFQ_REFUSAL, CNFQ_OTHER].contains(decoded.kind))
        if decoded.kind == CNFQ_REFUSAL { try #require(decoded.refusal.error < 0) }
        guard decoded.kind == CNFQ_PACKET else { return decoded }
        let packet = unsafe decoded.packet
        try #require(unsafe packet.length >= packet.payload_length)
        try #require(unsafe packet.hw_source_length <= 8)
        try #require(unsafe (packet.payload != nil) == (packet.present & UInt32(CNFQ_HAS_PAYLOAD) != 0))
        try #require(unsafe isInside(packet.payload, packet.payload_length, memory))
        try #require(unsafe isInside(packet.conntrack, packet.conntrack_length, memory))
        decoded.payload = unsafe Array(UnsafeBufferPointer(start: packet.payload, count: Int(packet.payload_length)))
        return decoded
    }

    func isInside(_ pointer: UnsafePointer<UInt8>?, _ length: UInt32, _ memory: borrowing GuardedBytes) -> Bool {
        guard let pointer = unsafe pointer else { return length == 0 }
        let offset = unsafe UnsafeRawPointer(pointer) - UnsafeRawPointer(memory.start)
        return offset >= 0 && offset + Int(length) <= memory.count
    }

    static let id = NetlinkBytes.attribute(
        1, NetlinkBytes.network(UInt32(0x0102_0304)) + NetlinkBytes.network(UInt16(0x86dd)) + [4])

    static func packet(_ attributes: [UInt8]...) -> [UInt8] {
        // nfgenmsg: family, version, queue number.
        NetlinkBytes.message(
            type: 0x300, [10, 0] + NetlinkBytes.network(UInt16(513)) + attributes.reduce([], +))
    }

    static let full = packet(
        id,
        NetlinkBytes.attribute(3, NetlinkBytes.network(UInt32(0xdead_beef))),
        NetlinkBytes.attribute(4, NetlinkBytes.network(UInt64(1_700_000_000)) + NetlinkBytes.network(UInt64(654_321))),
        NetlinkBytes.attribute(5, NetlinkBytes.network(UInt32(2))),
        NetlinkBytes.attribute(6, NetlinkBytes.network(UInt32(3))),
        NetlinkBytes.attribute(7, NetlinkBytes.network(UInt32(4))),
        NetlinkBytes.attribute(8, NetlinkBytes.network(UInt32(5))),
        NetlinkBytes.attribute(9, NetlinkBytes.network(UInt16(6)) + [0, 0, 2, 0, 0, 0, 0, 1, 0xaa, 0xaa]),
        NetlinkBytes.attribute(11 | 0x8000, [8, 0, 1, 0, 9, 9, 9, 9]),
        NetlinkBytes.attribute(12, NetlinkBytes.network(UInt32(2))),
        NetlinkBytes.attribute(13, NetlinkBytes.network(UInt32(1500))),
        NetlinkBytes.attribute(14, NetlinkBytes.network(UInt32(3))),
        NetlinkBytes.attribute(16, NetlinkBytes.network(UInt32(1000))),
        NetlinkBytes.attribute(17, NetlinkBytes.network(UInt32(1001))),
        NetlinkBytes.attribute(21, NetlinkBytes.network(UInt32(0xf123_4560))),
        NetlinkBytes.attribute(10, [0x60, 1, 2, 3, 4]))

    @Test func everyFieldIsRead() throws {
        let decoded = try decode(Self.full)
        let packet = unsafe decoded.packet
        #expect(decoded.kind == CNFQ_PACKET)
        #expect(unsafe (packet.id, packet.hw_protocol, packet.hook) == (0x0102_0304, 0x86dd, 4))
        #expect(unsafe (packet.queue, packet.family, packet.mark) == (513, 10, 0xdead_beef))
        #expect(unsafe packet.timestamp == 1_700_000_000_654_321_000)
        #expect(unsafe (packet.indev, packet.outdev, packet.physindev, packet.physoutdev) == (2, 3, 4, 5))
        #expect(unsafe (packet.hw_source, packet.hw_source_length) == (0x0200_0000_0001_0000, 6))
        #expect(unsafe (packet.conntrack_length, packet.conntrack_info) == (8, 2))
        #expect(unsafe (packet.payload_length, packet.length, packet.skb_info) == (5, 1500, 3))
        #expect(unsafe (packet.uid, packet.gid, packet.priority) == (1000, 1001, 0xf123_4560))
        #expect(decoded.payload == [0x60, 1, 2, 3, 4])
        #expect(unsafe packet.present == UInt32(CNFQ_HAS_DAMAGE - 1))
    }

    @Test func absentFieldsAreZero() throws {
        let packet = try unsafe decode(Self.packet(Self.id)).packet
        #expect(unsafe (packet.present, packet.payload_length, packet.length) == (0, 0, 0))
        #expect(unsafe (packet.mark, packet.indev, packet.uid, packet.timestamp) == (0, 0, 0, 0))
    }

    @Test func aWholePacketIsNotCut() throws {
        let message = Self.packet(
            Self.id, NetlinkBytes.attribute(13, NetlinkBytes.network(UInt32(3))), NetlinkBytes.attribute(10, [1, 2, 3]))
        let packet = try unsafe decode(message).packet
        #expect(unsafe packet.length == 3 && packet.present == UInt32(CNFQ_HAS_PAYLOAD))
    }

    /// A packet that can't be answered would wait in its queue for ever, so its id is worth a damaged rest.
    @Test(arguments: 0..<full.count)
    func aCutMessageKeepsItsPacketAnswerable(length: Int) throws {
        let decoded = try decode(Array(Self.full.prefix(length)))
        let endOfID = 16 + 4 + 11
        #expect(decoded.kind == (length < endOfID ? CNFQ_MALFORMED : CNFQ_PACKET))
        if length >= endOfID {
            #expect(unsafe decoded.packet.id == 0x0102_0304)
            #expect(unsafe decoded.packet.present & UInt32(CNFQ_HAS_DAMAGE) != 0)
        }
    }

    @Test(arguments: [UInt16(3), 4, 5, 6, 7, 8, 9, 12, 13, 14, 16, 17, 21])
    func anAttributeThatIsTooShortIsLeftOut(type: UInt16) throws {
        let packet = try unsafe decode(Self.packet(Self.id, NetlinkBytes.attribute(type, [1, 2, 3]))).packet
        #expect(unsafe packet.present == UInt32(CNFQ_HAS_DAMAGE))
    }

    @Test(arguments: [[UInt8](), [3, 0, 3, 0], [0, 0, 0, 0], [0xff, 0xff, 3, 0, 1, 2, 3, 4]])
    func aBrokenAttributeEndsTheWalk(attribute: [UInt8]) throws {
        let mark = NetlinkBytes.attribute(3, NetlinkBytes.network(UInt32(7)))
        let packet = try unsafe decode(Self.packet(Self.id, attribute, mark)).packet
        let expected = attribute.isEmpty ? CNFQ_HAS_MARK : CNFQ_HAS_DAMAGE
        #expect(unsafe packet.present == UInt32(expected))
    }

    @Test func anAddressLongerThanItsFieldIsLeftOut() throws {
        let source = NetlinkBytes.attribute(9, NetlinkBytes.network(UInt16(20)) + [UInt8](repeating: 1, count: 10))
        let packet = try unsafe decode(Self.packet(Self.id, source)).packet
        #expect(unsafe packet.hw_source_length == 0 && packet.present == UInt32(CNFQ_HAS_DAMAGE))
    }

    @Test func refusalsNameTheirMessage() throws {
        let refusal = try decode(NetlinkBytes.error(-2, sequence: 77))
        #expect((refusal.kind, refusal.refusal.error, refusal.refusal.sequence) == (CNFQ_REFUSAL, -2, 77))
        #expect(try decode(NetlinkBytes.error(0, sequence: 77)).kind == CNFQ_OTHER)
        #expect(try decode(NetlinkBytes.error(5, sequence: 77)).kind == CNFQ_OTHER)
        #expect(try decode(Array(NetlinkBytes.error(-2, sequence: 77).dropLast())).kind == CNFQ_MALFORMED)
    }

    @Test func otherMessagesArePassedOver() throws {
        #expect(try decode(NetlinkBytes.message(type: 3, [])).kind == CNFQ_OTHER)
        #expect(try decode(NetlinkBytes.message(type: 0x301, [1, 2, 3])).kind == CNFQ_OTHER)
        #expect(try decode([]).kind == CNFQ_MALFORMED)
        #expect(try decode([15, 0, 0, 0] + [UInt8](repeating: 0, count: 12)).kind == CNFQ_MALFORMED)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func hostileBytesAreSurvived(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            _ = try decode(Self.full.mutated(using: &generator))
            let length = Int.random(in: 0...96, using: &generator)
            var noise = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            // Half of them look like a packet, or nothing would get past the first check.
            if length >= 20, Bool.random(using: &generator) {
                noise.replaceSubrange(0..<6, with: NetlinkBytes.host(UInt32(length)) + NetlinkBytes.host(UInt16(0x300)))
            }
            _ = try decode(noise)
        }
    }
}
