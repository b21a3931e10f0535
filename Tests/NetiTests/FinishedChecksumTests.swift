// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// With which checksums a changed packet leaves (R102, `nfqnl_mangle`).
struct FinishedChecksumTests {
    struct Sample: CustomStringConvertible, Sendable {
        let version: IPVersion
        let transport: TransportHeader

        var description: String { "\(version) \(transport)" }

        func bytes() throws -> [UInt8] { try SamplePacket.bytes(version, transport) }
    }

    static let samples = IPVersion.allCases.flatMap { version in
        [
            Sample(version: version, transport: .udp(from: 40_000, to: 53)),
            Sample(version: version, transport: .tcp(from: 40_000, to: 22, flags: .syn, options: [2, 4, 5, 0xB4])),
            Sample(version: version, transport: .icmp(type: 8, rest: 1)),
        ]
    }

    private static func metadata(postponed: Bool) -> PacketMetadata {
        var metadata = PacketMetadata()
        metadata.isChecksumPostponed = postponed
        return metadata
    }

    /// Sums over IPv4 header and transport, both 0 where the checksums are right.
    private func sums(_ packet: [UInt8]) throws -> [UInt16?] {
        let bytes = unsafe packet.span.bytes
        let datagram = try Datagram(parsing: bytes)
        let header = Array(packet.prefix(Int(datagram.headerLength)))
        return [
            datagram.version == .v4 ? InternetChecksum.of(unsafe header.span.bytes) : 0,
            datagram.transportChecksum(in: bytes),
        ]
    }

    /// Changes the hop limit, which only the IPv4 header checksum covers, and the last byte, which transport does.
    private func change(_ packet: inout PacketEvent, _ checksums: PacketEvent.Checksums) throws {
        let last = packet.bytes.byteCount - 1
        let hopLimit = packet.datagram?.version == .v4 ? 8 : 7
        try packet.put(33, at: hopLimit, checksums: checksums)
        try packet.put(0x77, at: last, checksums: checksums)
    }

    @Test("A final edit leaves as it is, over checksums that were filled in before it", arguments: samples)
    func final(_ sample: Sample) throws {
        for isPostponed in [false, true] {
            let right = try sample.bytes()
            let last = right.count - 1
            try withPacket(right, metadata: Self.metadata(postponed: isPostponed)) { packet in
                // Checksums that a hook asked for before are computed as well.
                try packet.put(right[last] ^ 2, at: last)
                try packet.put(right[last] ^ 1, at: last, checksums: .final)
                packet.finishChecksums()
                #expect(try sums(packet.copied).last != 0)
                try packet.put(right[last] ^ 2, at: last, checksums: .final)
                packet.finishChecksums()
                #expect(try sums(packet.copied) == [0, 0])
                try packet.put(right[last], at: last)
                packet.finishChecksums()
                #expect(packet.copied == right)
            }
        }
    }

    @Test("They are right when a hook asks for it", arguments: samples)
    func askedFor(_ sample: Sample) throws {
        try withPacket(sample.bytes()) { packet in
            try change(&packet, .updated)
            #expect(try sums(packet.copied).contains { $0 != 0 })
            packet.finishChecksums()
            #expect(try sums(packet.copied) == [0, 0])
            #expect(packet.datagram?.hopLimit == 33)
        }
    }

    @Test("They are right when one of several hooks asks for it", arguments: samples)
    func askedForOnce(_ sample: Sample) throws {
        try withPacket(sample.bytes()) { packet in
            try packet.put(0x66, at: packet.bytes.byteCount - 2, checksums: .updated)
            try change(&packet, .asWritten)
            packet.finishChecksums()
            #expect(try sums(packet.copied) == [0, 0])
        }
    }

    @Test("They are left alone when the hook takes care of them itself", arguments: samples)
    func asWritten(_ sample: Sample) throws {
        try withPacket(sample.bytes()) { packet in
            try change(&packet, .asWritten)
            let written = packet.copied
            packet.finishChecksums()
            #expect(packet.copied == written)
            #expect(try sums(packet.copied).contains { $0 != 0 })
        }
    }

    @Test("What the sender left to its network card is filled in although no hook asked", arguments: samples)
    func postponed(_ sample: Sample) throws {
        try withPacket(sample.bytes(), metadata: Self.metadata(postponed: true)) { packet in
            try change(&packet, .asWritten)
            packet.finishChecksums()
            #expect(try sums(packet.copied) == [0, 0])
        }
    }

    @Test("A packet that no hook changed stays as it is, also a postponed one", arguments: samples)
    func unchanged(_ sample: Sample) throws {
        var bytes = try sample.bytes()
        bytes[bytes.count - 1] ^= 0xFF
        withPacket(bytes, metadata: Self.metadata(postponed: true)) { packet in
            packet.mark = 1
            packet.finishChecksums()
            #expect(packet.copied == bytes)
            #expect(packet.isEdited == false)
        }
    }

    @Test("A replacing packet leaves as it was written, unless its hook asks otherwise", arguments: samples)
    func replaced(_ sample: Sample) throws {
        var other = try sample.bytes()
        other[other.count - 1] ^= 0xFF
        try withPacket(SamplePacket.udp(.v4)) { packet in
            try packet.replace(with: unsafe other.span.bytes)
            packet.finishChecksums()
            #expect(packet.copied == other)
            try packet.replace(with: unsafe other.span.bytes, checksums: .updated)
            packet.finishChecksums()
            #expect(try sums(packet.copied) == [0, 0])
        }
    }

    @Test(
        "A fragment's transport checksum covers what isn't there and is left alone",
        arguments: IPVersion.allCases, [UInt16(0), 64])
    func fragments(version: IPVersion, offset: UInt16) throws {
        let transport: TransportHeader = offset == 0 ? .udp(from: 1, to: 2) : .none(.udp)
        let bytes = try SamplePacket.bytes(version, transport) {
            $0.fragment = Fragment(identification: 7, offset: offset, moreFollow: true)
        }
        try withPacket(bytes, metadata: Self.metadata(postponed: true)) { packet in
            try change(&packet, .updated)
            let written = packet.copied
            packet.finishChecksums()
            let finished = packet.copied
            let header = version == .v4 ? 20 : 48
            #expect(Array(finished.dropFirst(header)) == Array(written.dropFirst(header)))
            #expect(try sums(finished)[0] == 0)
        }
    }

    @Test("A UDP packet without checksum gets none")
    func noChecksum() throws {
        let bytes = try SamplePacket.bytes(.v4, .udp(from: 1, to: 2, hasChecksum: false))
        try withPacket(bytes) { packet in
            try change(&packet, .updated)
            packet.finishChecksums()
            let checksum = packet.udp?.checksum
            #expect(checksum == 0)
            #expect(try sums(packet.copied)[0] == 0)
        }
    }

    @Test("What a hook made unreadable leaves as it is")
    func unreadable() throws {
        try withPacket(SamplePacket.udp(.v4)) { packet in
            try packet.put(0, at: 0)
            let written = packet.copied
            packet.finishChecksums()
            #expect(packet.copied == written)
        }
    }
}
