// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// What a hook is told about a packet's checksums (R163 to R167).
struct ChecksumQuestionTests {
    private static let transports: [TransportHeader] = [
        .udp(from: 40_000, to: 53), .tcp(from: 40_000, to: 22, flags: .syn, options: []), .icmp(type: 8, rest: 1),
    ]

    @Test("Missing is what the kernel says is missing, not what the bytes say (R163)")
    func missing() throws {
        var bytes = try SamplePacket.udp(.v4)
        bytes[26] ^= 0xFF
        for isPostponed in [false, true] {
            var metadata = PacketMetadata()
            metadata.isChecksumPostponed = isPostponed
            let missing = withPacket(bytes, metadata: metadata) { $0.missingChecksums }
            #expect(missing == (isPostponed ? .transportPartial : []))
        }
        let all: [MissingChecksums] = [.headerFull, .headerPartial, .transportFull, .transportPartial]
        #expect(all.map(\.rawValue) == [0x01, 0x02, 0x10, 0x20])
    }

    @Test("A header's checksum is right, or any byte of it is wrong; the payload doesn't matter (R165, R167)")
    func header() throws {
        let bytes = try SamplePacket.udp(.v4)
        #expect(withPacket(bytes) { $0.hasValidHeaderChecksum } == true)
        for place in 1..<20 {
            var wrong = bytes
            wrong[place] ^= 0x01
            let answer = withPacket(wrong) { packet in
                let answer = packet.hasValidHeaderChecksum
                #expect(packet.copied == wrong && !packet.isEdited)
                return answer
            }
            #expect(answer == false, "byte \(place)")
        }
        var payload = bytes
        payload[30] ^= 0xFF
        #expect(withPacket(payload) { $0.hasValidHeaderChecksum } == true)
    }

    @Test("A packet shorter than its header is not valid (R165); there is no answer in IPv6 (R166)")
    func short() throws {
        let bytes = try SamplePacket.udp(.v4)
        for length in [0, 1, 19] {
            #expect(withPacket(Array(bytes.prefix(length))) { $0.hasValidHeaderChecksum } == false)
        }
        #expect(try withPacket(SamplePacket.udp(.v6), family: .inet6) { $0.hasValidHeaderChecksum } == nil)
    }

    @Test("The transport checksum covers the whole packet, in both families", arguments: IPVersion.allCases)
    func transport(_ version: IPVersion) throws {
        let family: NetworkFamily = version == .v4 ? .inet : .inet6
        for transport in Self.transports {
            let bytes = try SamplePacket.bytes(version, transport)
            #expect(withPacket(bytes, family: family) { $0.hasValidTransportChecksum } == true)
            var wrong = bytes
            wrong[bytes.count - 1] ^= 0x01
            #expect(withPacket(wrong, family: family) { $0.hasValidTransportChecksum } == false)
            var metadata = PacketMetadata()
            metadata.isChecksumPostponed = true
            #expect(withPacket(wrong, family: family, metadata: metadata) { $0.hasValidTransportChecksum } == true)
            let cut = Array(bytes.dropLast(4))
            let answer = withPacket(cut, length: bytes.count, family: family) { $0.hasValidTransportChecksum }
            #expect(answer == nil)
        }
    }

    @Test("UDP without a checksum is as good as it gets; a consumed packet has none")
    func none() throws {
        var bytes = try SamplePacket.udp(.v4)
        (bytes[26], bytes[27], bytes[40]) = (0, 0, 0xEE)
        #expect(withPacket(bytes) { $0.hasValidTransportChecksum } == true)
        let answers = withPacket(bytes) { packet in
            packet.consume()
            return (packet.hasValidHeaderChecksum, packet.hasValidTransportChecksum)
        }
        #expect(answers == (false, nil))
    }
}
