// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct ChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt16 {
        unsafe InternetChecksum.of(bytes.span.bytes)
    }

    /// RFC 1071, section 3: the sum is ddf2.
    @Test func exampleOfRFC1071() {
        #expect(checksum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]) == ~0xddf2)
    }

    /// RFC 1624, section 4: where equation 2 of RFC 1141 gives ffff.
    @Test func exampleOfRFC1624() {
        #expect(InternetChecksum.updated(0xDD2F, replacing: 0x5555, with: 0x3285) == 0x0000)
    }

    @Test(arguments: [([], 0xFFFF), ([0], 0xFFFF), ([1], 0xFEFF), ([0xFF, 0xFF], 0), ([1, 2, 3], 0xFBFD)])
    func shortAndOddInputs(_ bytes: [UInt8], _ expected: Int) {
        #expect(Int(checksum(bytes)) == expected)
    }

    /// Against the definition, word by word, at all lengths that exercise the tail.
    @Test func agreesWithDefinition() {
        var generator = SeededGenerator(seed: 1071)
        for length in Array(0...130) + [1_499, 1_500, 65_535] {
            let bytes = generator.bytes(length)
            var sum: UInt64 = 0
            for (index, byte) in bytes.enumerated() { sum += UInt64(byte) << (index % 2 == 0 ? 8 : 0) }
            while sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
            #expect(checksum(bytes) == ~UInt16(sum), "\(length) bytes")
        }
    }

    @Test func allOnesDoNotOverflow() {
        #expect(checksum([UInt8](repeating: 0xFF, count: 65_534)) == 0)
    }

    @Test func incrementalAgreesWithFull() {
        var generator = SeededGenerator(seed: 1624)
        for _ in 0..<2_000 {
            var bytes = generator.bytes(40)
            let before = checksum(bytes)
            let old = UInt16(bytes[6]) << 8 | UInt16(bytes[7])
            let new = UInt16.random(in: 0...UInt16.max, using: &generator)
            (bytes[6], bytes[7]) = (UInt8(new >> 8), UInt8(new & 0xFF))
            #expect(InternetChecksum.updated(before, replacing: old, with: new) == checksum(bytes))
        }
    }

    @Test(arguments: [GoldenPacket.tcp4, .udp4, .tcp6, .udp6, .icmp6])
    func incrementalAddressChange(_ golden: GoldenPacket) throws {
        var packet = golden.bytes
        let datagram = try packet.parsed()
        let place = Int(datagram.transportOffset) + [6: 16, 17: 6, 58: 2][datagram.protocol.rawValue, default: 0]
        let old = UInt16(packet[place]) << 8 | UInt16(packet[place + 1])
        let other: IPAddress
        if golden.isV6 {
            other = IPAddress(v6High: 0x2001_0db8_abcd_ef01, low: 0x1234_5678_9abc_def0)
            packet.replaceSubrange(8..<24, with: [UInt8](hexadecimal: "20010db8abcdef01123456789abcdef0"))
        } else {
            other = IPAddress(v4: 0xCB00_71FE)
            packet.replaceSubrange(12..<16, with: [0xCB, 0, 0x71, 0xFE])
        }
        try packet.updateChecksums()
        let new = UInt16(packet[place]) << 8 | UInt16(packet[place + 1])
        #expect(InternetChecksum.updated(old, replacing: datagram.source, with: other) == new)
    }

    @Test(arguments: GoldenPacket.allCases)
    func goldenChecksumIsRight(_ packet: GoldenPacket) throws {
        #expect(try packet.bytes.transportChecksum == 0)
        if !packet.isV6 { #expect(checksum(Array(packet.bytes.prefix(packet == .udp4 ? 24 : 20))) == 0) }
    }

    /// Whatever stands in the checksum fields, updating restores the packet.
    @Test(arguments: GoldenPacket.allCases)
    func updatingRestores(_ golden: GoldenPacket) throws {
        let datagram = try golden.bytes.parsed()
        let place = Int(datagram.transportOffset) + [1: 2, 6: 16, 17: 6, 58: 2][datagram.protocol.rawValue, default: 0]
        var packet = golden.bytes
        packet[place] ^= 0x5A
        packet[place + 1] ^= 0xA5
        if !golden.isV6 { packet[10] ^= 0xFF }
        try packet.updateChecksums()
        #expect(packet == golden.bytes)
    }

    @Test func absentUDPChecksumStaysAbsentInIPv4Only() throws {
        var packet = GoldenPacket.udp4.bytes
        packet.replaceSubrange(30..<32, with: [0, 0])
        try packet.updateChecksums()
        #expect(packet[30..<32] == [0, 0])
        packet = GoldenPacket.udp6.bytes
        packet.replaceSubrange(46..<48, with: [0, 0])
        try packet.updateChecksums()
        #expect(packet == GoldenPacket.udp6.bytes)
    }

    /// Data chosen so that the sum comes out as 0, which UDP must write as ffff and TCP must not.
    @Test(arguments: [GoldenPacket.udp4, .udp6, .tcp4])
    func zeroIsWrittenAsOnesInUDP(_ golden: GoldenPacket) throws {
        var packet = golden.bytes
        let isUDP = golden != .tcp4
        // The source port takes up the difference: with the old checksum in it, everything adds up to ffff.
        let transport = Int(try packet.parsed().transportOffset)
        let place = transport + (isUDP ? 6 : 16)
        let port = UInt32(packet[transport]) << 8 | UInt32(packet[transport + 1])
        let checksum = UInt32(packet[place]) << 8 | UInt32(packet[place + 1])
        let sum = port + checksum
        let folded = (sum & 0xFFFF) + sum >> 16
        (packet[transport], packet[transport + 1]) = (UInt8(folded >> 8), UInt8(folded & 0xFF))
        try packet.updateChecksums()
        #expect(packet[place..<(place + 2)] == (isUDP ? [0xFF, 0xFF] : [0, 0]))
    }

    /// A datagram may be followed by bytes that its own length leaves out.
    @Test func udpLengthLimitsWhatIsCovered() throws {
        let header = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
        let exact = try header.packet(.udp(from: 1, to: 2), payload: [1, 2, 3])
        var packet = exact + [0xDE, 0xAD]
        packet[3] += 2
        #expect(try packet.transportChecksum == 0)
    }

    @Test(arguments: IPVersion.allCases)
    func fragmentKeepsTransportChecksum(_ version: IPVersion) throws {
        var header =
            version == .v4
            ? IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
            : IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
        header.fragment = Fragment(identification: 5, offset: 0, moreFollow: true)
        let before = try header.packet(.none(.tcp), payload: [UInt8](repeating: 0x11, count: 24))
        var packet = before
        if version == .v4 { packet[10] ^= 1 }
        try packet.updateChecksums()
        #expect(packet == before)
        #expect(try packet.transportChecksum == nil)
    }

    @Test func cutPacketKeepsTransportChecksum() throws {
        var packet = Array(GoldenPacket.tcp4.bytes.prefix(42))
        packet[36] ^= 0xFF
        let before = packet
        packet[10] ^= 1
        try packet.updateChecksums()
        #expect(packet == before)
    }

    @Test(arguments: [UInt8(0), 2])
    func routingHeaderNamesFinalDestination(_ type: UInt8) throws {
        var packet = GoldenPacket.chain6.bytes
        packet[66] = type
        #expect(try packet.transportChecksum == 0)
        packet[66] = 3
        #expect(try packet.transportChecksum == nil)
        packet[66] = type
        packet[67] = 0
        #expect(try packet.transportChecksum != 0)
    }

    /// Without the final destination there is no pseudo header, so the old checksum is the best there is.
    @Test func unknownRoutingHeaderKeepsTransportChecksum() throws {
        var packet = GoldenPacket.chain6.bytes
        packet[66] = 3
        let before = packet
        try packet.updateChecksums()
        #expect(packet == before)
    }

    @Test func otherProtocolsAreLeftAlone() throws {
        let header = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
        let before = try header.packet(.none(IPProtocol(rawValue: 132)), payload: [UInt8](1...40))
        var packet = before
        try packet.updateChecksums()
        #expect(packet == before)
    }
}
