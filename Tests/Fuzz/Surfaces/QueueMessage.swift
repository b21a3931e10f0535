// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue

/// `cnfq_decode`: messages of the kernel's packet queue.
struct QueueMessage: Surface {
    private let memory: GuardedMemory
    private let messages = NetlinkMessages(fixedLength: 4)

    init() throws { memory = try GuardedMemory(capacity: Mutator.longestInput) }

    func lengthFields(of input: [UInt8]) -> [LengthField] { messages.lengthFields(of: input) }

    func repair(_ input: inout [UInt8]) { messages.repair(&input) }

    func feed(_ input: [UInt8]) throws -> Bool {
        let result = try unsafe memory.withBoth(input) { bytes in try unsafe Self.decode(bytes) }
        return result.kind == CNFQ_PACKET
    }

    /// What must be the same wherever the bytes are.
    private struct Result: Equatable {
        var kind: Int
        var numbers: [UInt64] = []
        var payload: Range<Int>?
        var conntrack: Range<Int>?
    }

    private static func decode(_ bytes: UnsafeMutableRawBufferPointer) throws -> Result {
        var packet = unsafe cnfq_packet()
        var refusal = cnfq_refusal()
        // An empty buffer of Swift's may have no address.
        guard let start = bytes.baseAddress else { throw Violation(description: "no memory") }
        var result = Result(kind: Int(unsafe cnfq_decode(start, bytes.count, &packet, &refusal)))
        switch result.kind {
        case CNFQ_MALFORMED, CNFQ_OTHER: break
        case CNFQ_REFUSAL:
            try require(refusal.error < 0, "a refusal with error \(refusal.error)")
            result.numbers = [UInt64(bitPattern: Int64(refusal.error)), UInt64(refusal.sequence)]
        case CNFQ_PACKET:
            try unsafe check(packet)
            result.numbers = unsafe [
                packet.timestamp, packet.hw_source, UInt64(packet.id), UInt64(packet.length), UInt64(packet.mark),
                UInt64(packet.conntrack_info), UInt64(packet.skb_info), UInt64(packet.present),
                UInt64(packet.indev), UInt64(packet.outdev), UInt64(packet.physindev), UInt64(packet.physoutdev),
                UInt64(packet.uid), UInt64(packet.gid), UInt64(packet.queue), UInt64(packet.hw_protocol),
                UInt64(packet.hw_source_length), UInt64(packet.hook), UInt64(packet.family), UInt64(packet.priority),
            ]
            result.payload = try unsafe place(packet.payload, packet.payload_length, in: bytes)
            result.conntrack = try unsafe place(packet.conntrack, packet.conntrack_length, in: bytes)
        default: throw Violation(description: "unknown kind \(result.kind)")
        }
        return result
    }

    private static func check(_ packet: cnfq_packet) throws {
        func has(_ bit: Int) -> Bool { unsafe packet.present & UInt32(bit) != 0 }
        try require(unsafe packet.length >= packet.payload_length, "a packet shorter than its payload")
        try require(
            unsafe has(CNFQ_HAS_CUT) == (packet.length > packet.payload_length), "a cut packet isn't told as one")
        try require(unsafe packet.hw_source_length <= 8, "a link-layer address longer than its field")
        try require(unsafe has(CNFQ_HAS_PAYLOAD) == (packet.payload != nil), "payload is told wrongly")
        try require(unsafe has(CNFQ_HAS_CONNTRACK) == (packet.conntrack != nil), "conntrack is told wrongly")
    }

    /// Where a pointer leads to, from the start of the input; nil for none.
    private static func place(
        _ pointer: UnsafePointer<UInt8>?, _ length: UInt32, in bytes: UnsafeMutableRawBufferPointer
    ) throws -> Range<Int>? {
        guard let pointer = unsafe pointer, let start = bytes.baseAddress else {
            try require(length == 0, "\(length) bytes at no place")
            return nil
        }
        let offset = unsafe UnsafeRawPointer(pointer) - UnsafeRawPointer(start)
        try require(
            offset >= 0 && offset + Int(length) <= bytes.count,
            "\(length) bytes at \(offset) of an input of \(bytes.count)")
        return offset..<(offset + Int(length))
    }
}
