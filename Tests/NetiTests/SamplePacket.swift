// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// Packets between documentation addresses, and the memory in which a provider would hand them over.
enum SamplePacket {
    static func header(_ version: IPVersion) -> IPHeader {
        switch version {
        case .v4: IPHeader(from: IPAddress(v4: 0xC000_0201), to: IPAddress(v4: 0xC633_6407))
        case .v6:
            IPHeader(
                from: IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1),
                to: IPAddress(v6High: 0x2001_0db8_0000_0001, low: 0x80))
        }
    }

    static func bytes(
        _ version: IPVersion, _ transport: TransportHeader, payload: Int = 32,
        change: (inout IPHeader) -> Void = { _ in }
    ) throws -> [UInt8] {
        var header = header(version)
        change(&header)
        return try header.packet(transport, payload: (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) })
    }

    static func udp(_ version: IPVersion, payload: Int = 32) throws -> [UInt8] {
        try bytes(version, .udp(from: 40_000, to: 53), payload: payload)
    }
}

/// Lends a packet for the length of a call, in memory that holds rubbish behind it.
///
/// - Parameters:
///   - room: bytes of memory; what the packet may grow to.
///   - length: of the whole packet, nil for all of `bytes`.
func withPacket<Result>(
    _ bytes: [UInt8], room: Int = 2048, length: Int? = nil, event: NetworkEvent = .physicalIn,
    family: NetworkFamily = .inet, flags: PacketFlags = [], metadata: PacketMetadata = PacketMetadata(),
    mark: UInt32 = 0,
    _ body: (inout PacketEvent) throws -> Result
) rethrows -> Result {
    let room = max(room, bytes.count)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xEE, count: room)
    unsafe bytes.withUnsafeBytes { source in
        if let start = source.baseAddress { unsafe memory.copyMemory(from: start, byteCount: source.count) }
    }
    var metadata = metadata
    metadata.length = length ?? bytes.count
    var packet = unsafe PacketEvent(
        netid: .global, family: family, event: event, flags: flags, lane: 0, metadata: metadata, mark: mark,
        base: memory, count: bytes.count, capacity: room)
    return try body(&packet)
}

extension PacketEvent {
    /// The bytes in an array.
    var copied: [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// Puts one byte.
    mutating func put(_ byte: UInt8, at offset: Int, checksums: Checksums = .updated) throws(EditError) {
        try edit(checksums: checksums) { $0.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    }

    /// The error of an edit, nil for success.
    mutating func editError(_ edit: (inout PacketEvent) throws -> Void) -> EditError? {
        do {
            try edit(&self)
            return nil
        } catch let error as EditError {
            return error
        } catch {
            Issue.record(error)
            return nil
        }
    }
}
