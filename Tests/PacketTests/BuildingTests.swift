// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct BuildingTests {
    private static let v4 = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
    private static let v6 = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)

    @Test func goldenPacketsAreBuilt() throws {
        let syn = TransportHeader.tcp(
            from: 49_152, to: 22, sequence: 0x0102_0304, flags: .syn, window: 64_240, options: [2, 4, 5, 0xB4])
        var header = Self.v4
        header.trafficClass = 0x10
        header.fragment = Fragment(identification: 0xBEEF, offset: 0, moreFollow: false)
        header.isFragmentingForbidden = true
        #expect(try header.packet(syn) == GoldenPacket.tcp4.bytes)

        header = Self.v4
        header.options = [0x94, 4]
        let question = TransportHeader.udp(from: 5_353, to: 53)
        #expect(try header.packet(question, payload: Array("hello".utf8)) == GoldenPacket.udp4.bytes)
        #expect(try Self.v6.packet(question, payload: Array("hello".utf8)) == GoldenPacket.udp6.bytes)

        header = Self.v4
        header.hopLimit = 1
        let data = Array("abcdefg".utf8)
        #expect(try header.packet(.icmp(type: 8, rest: 0x1234_0007), payload: data) == GoldenPacket.icmp4.bytes)
        header = Self.v6
        header.hopLimit = 255
        #expect(try header.packet(.icmp(type: 128, rest: 0x1234_0007), payload: data) == GoldenPacket.icmp6.bytes)

        header = Self.v6
        let final = [UInt8](hexadecimal: "20010db8ffff00000000000000000009")
        header.extensionHeaders = [
            .init(.hopByHop, bytes: [5, 2, 0, 0, 1, 0]),
            .init(.destinationOptions, bytes: [1, 12] + [UInt8](repeating: 0, count: 12)),
            .init(.routing, bytes: [4, 1, 0, 0, 0, 0] + final),
        ]
        #expect(try header.packet(syn) == GoldenPacket.chain6.bytes)
    }

    @Test func udpWithoutChecksum() throws {
        #expect(try Self.v4.packet(.udp(from: 1, to: 2, hasChecksum: false))[26...] == [0, 0])
        #expect(try Self.v6.packet(.udp(from: 1, to: 2, hasChecksum: false)).transportChecksum == 0)
    }

    @Test func appendingLeavesEarlierBytesAlone() throws {
        let packet = try Self.v6.packet(.udp(from: 1, to: 2), payload: [1, 2, 3])
        let payload: [UInt8] = [1, 2, 3]
        var refusal: PacketError?
        let room = unsafe [UInt8](unsafeUninitializedCapacity: 2 * packet.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var output = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            output.append(0xAA)
            do throws(PacketError) {
                try unsafe Self.v6.write(.udp(from: 1, to: 2), payload: payload.span.bytes, into: &output)
                // One byte too few remains.
                try unsafe Self.v6.write(.udp(from: 1, to: 2), payload: payload.span.bytes, into: &output)
            } catch {
                refusal = error
            }
            count = unsafe output.finalize(for: raw)
        }
        #expect(room == [0xAA] + packet)
        #expect(refusal == .tooLong)
    }

    private static func refusal(_ header: IPHeader, _ transport: TransportHeader, payload: Int = 0) -> PacketError? {
        do throws(PacketError) {
            _ = try header.packet(transport, payload: [UInt8](repeating: 0, count: payload))
            return nil
        } catch {
            return error
        }
    }

    @Test func whatCannotBeWrittenIsRefused() {
        var header = Self.v4
        #expect(Self.refusal(header, .udp(from: 1, to: 2), payload: 65_535 - 28) == nil)
        #expect(Self.refusal(header, .udp(from: 1, to: 2), payload: 65_535 - 27) == .tooLong)
        header.options = [UInt8](repeating: 1, count: 41)
        #expect(Self.refusal(header, .udp(from: 1, to: 2)) == .tooLong)
        let options = [UInt8](repeating: 1, count: 41)
        #expect(Self.refusal(Self.v4, .tcp(from: 1, to: 2, flags: .syn, options: options)) == .tooLong)
        header = Self.v4
        header.destination = GoldenPacket.server6
        #expect(Self.refusal(header, .udp(from: 1, to: 2)) == .family)
        header = Self.v6
        header.extensionHeaders = [.init(.destinationOptions, bytes: [UInt8](repeating: 0, count: 2_047))]
        #expect(Self.refusal(header, .udp(from: 1, to: 2)) == .tooLong)
    }

    @Test func randomPacketsAreReadAsWritten() throws {
        var generator = SeededGenerator(seed: 8200)
        for _ in 0..<3_000 {
            var header = Bool.random(using: &generator) ? Self.v4 : Self.v6
            header.hopLimit = UInt8.random(in: 0...255, using: &generator)
            header.trafficClass = UInt8.random(in: 0...255, using: &generator)
            if header.source.version == .v4 {
                header.options = generator.bytes(Int.random(in: 0...40, using: &generator))
            } else {
                header.extensionHeaders = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    .init(.destinationOptions, bytes: generator.bytes(Int.random(in: 0...40, using: &generator)))
                }
            }
            let ports = (
                UInt16.random(in: 0...65_535, using: &generator), UInt16.random(in: 0...65_535, using: &generator)
            )
            let payload = generator.bytes(Int.random(in: 0...99, using: &generator))
            let flags = TCPFlags(rawValue: UInt8.random(in: 0...255, using: &generator))
            let options = generator.bytes(Int.random(in: 0...40, using: &generator))
            let packet = try header.packet(
                .tcp(from: ports.0, to: ports.1, flags: flags, options: options), payload: payload)
            let datagram = try packet.parsed()
            #expect(datagram.source == header.source && datagram.destination == header.destination)
            #expect(datagram.hopLimit == header.hopLimit && datagram.trafficClass == header.trafficClass)
            #expect(Int(datagram.totalLength) == packet.count)
            let bytes = unsafe packet.span.bytes
            let segment = try TCP(datagram.transport(in: bytes))
            #expect(segment.sourcePort == ports.0 && segment.destinationPort == ports.1 && segment.flags == flags)
            #expect(segment.payload.byteCount == payload.count)
            #expect(datagram.transportChecksum(in: bytes) == 0)
        }
    }
}
