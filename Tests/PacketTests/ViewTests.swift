// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct ViewTests {
    @Test func ipv4Fields() throws {
        let packet = GoldenPacket.udp4.bytes
        let view = try unsafe IPv4(packet.span.bytes)
        #expect(view.headerLength == 24)
        #expect(view.totalLength == 37)
        #expect(view.headerChecksum == 0xf987)
        #expect(view.options.byteCount == 4)
        #expect(view.payload.byteCount == 13)
        #expect(view.isFragmentingForbidden == false)
    }

    @Test func ipv6Fields() throws {
        let packet = GoldenPacket.tcp6.bytes
        let view = try unsafe IPv6(packet.span.bytes)
        #expect(view.trafficClass == 0xb8)
        #expect(view.flowLabel == 0x12345)
        #expect(view.nextHeader == .tcp)
        #expect(view.hopLimit == 64)
        #expect(view.totalLength == 64)
    }

    @Test func extensionHeadersInOrder() throws {
        let packet = GoldenPacket.chain6.bytes
        let view = try unsafe IPv6(packet.span.bytes)
        var walk = view.extensionHeaders
        var seen: [[Int]] = []
        while let header = try walk.next() {
            seen.append([Int(header.protocol.rawValue), header.offset, header.length])
        }
        #expect(seen == [[0, 40, 8], [60, 48, 16], [43, 64, 24]])
        #expect(walk.protocol == .tcp)
        #expect(walk.offset == 88)
    }

    @Test func tcpFields() throws {
        let packet = GoldenPacket.tcp4.bytes
        let datagram = try packet.parsed()
        let bytes = unsafe packet.span.bytes
        let segment = try TCP(datagram.transport(in: bytes))
        #expect(segment.sourcePort == 49_152)
        #expect(segment.destinationPort == 22)
        #expect(segment.sequenceNumber == 0x0102_0304)
        #expect(segment.acknowledgmentNumber == 0)
        #expect(segment.headerLength == 24)
        #expect(segment.flags == .syn)
        #expect(segment.window == 64_240)
        #expect(segment.checksum == 0xecdc)
        #expect(segment.urgentPointer == 0)
        #expect(segment.options.byteCount == 4)
        #expect(segment.payload.byteCount == 0)
    }

    @Test(arguments: [UInt8(0), 4, 7, 15])
    func wrongDataOffsetGivesNoPayload(_ words: UInt8) throws {
        var packet = GoldenPacket.tcp4.bytes
        packet[32] = words << 4
        let datagram = try packet.parsed()
        let bytes = unsafe packet.span.bytes
        let segment = try TCP(datagram.transport(in: bytes))
        #expect(segment.headerLength == nil)
        #expect(segment.options.isEmpty && segment.payload.isEmpty)
        #expect(segment.flags == .syn)
    }

    @Test(arguments: [(13, 5), (10, 2), (8, 0), (7, 5), (14, 5), (0, 5)])
    func udpLengthIsClamped(_ field: UInt8, _ payload: Int) throws {
        var packet = GoldenPacket.udp4.bytes
        packet[29] = field
        let datagram = try packet.parsed()
        let bytes = unsafe packet.span.bytes
        let view = try UDP(datagram.transport(in: bytes))
        #expect(view.length == Int(field))
        #expect(view.payload.byteCount == payload)
        #expect(view.sourcePort == 5_353 && view.destinationPort == 53 && view.checksum == 0xbaa7)
    }

    @Test(arguments: [(GoldenPacket.icmp4, UInt8(8)), (.icmp6, 128)])
    func icmpFields(_ golden: GoldenPacket, _ type: UInt8) throws {
        let packet = golden.bytes
        let datagram = try packet.parsed()
        let bytes = unsafe packet.span.bytes
        let message = try ICMP(datagram.transport(in: bytes))
        #expect(message.type == type)
        #expect(message.code == 0)
        #expect(message.identifier == 0x1234)
        #expect(message.sequenceNumber == 7)
        #expect(message.rest == 0x1234_0007)
        #expect(message.payload.byteCount == 7)
    }

    /// Each accessor answers for its own protocol and version only.
    @Test(arguments: GoldenPacket.allCases)
    func transportIsAskedFor(_ golden: GoldenPacket) throws {
        let packet = golden.bytes
        let datagram = try packet.parsed()
        let bytes = unsafe packet.span.bytes
        let isTCP = datagram.tcp(in: bytes) != nil
        let isUDP = datagram.udp(in: bytes) != nil
        let isICMP = datagram.icmp(in: bytes) != nil
        #expect(isTCP == (datagram.protocol == .tcp))
        #expect(isUDP == (datagram.protocol == .udp))
        #expect(isICMP == [.icmp, .icmpV6].contains(datagram.protocol))
    }

    @Test func portsNeedFourBytes() throws {
        let whole = GoldenPacket.tcp4.bytes
        for length in 20...44 {
            let cut = Array(whole.prefix(length))
            let ports = try unsafe cut.parsed().ports(in: cut.span.bytes)
            #expect(ports?.source == (length < 24 ? nil : 49_152))
            #expect(ports?.destination == (length < 24 ? nil : 22))
        }
        let echo = GoldenPacket.icmp4.bytes
        #expect(try unsafe echo.parsed().ports(in: echo.span.bytes)?.source == nil)
    }

    @Test(arguments: [(-1, nil), (0, 0x0102_0304), (1, 0x0203_0405), (2, nil), (Int.max, nil), (Int.min, nil)])
    func numberIsLoadedWhereItIsWhole(_ offset: Int, _ expected: UInt32?) {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        let value = unsafe bytes.span.bytes.loadBigEndian(UInt32.self, at: offset)
        #expect(value == expected)
    }

    @Test func transportOfOtherBytesIsEmpty() throws {
        let datagram = try GoldenPacket.tcp6.bytes.parsed()
        let other = GoldenPacket.udp4.bytes
        #expect(unsafe datagram.transport(in: other.span.bytes).isEmpty)
    }
}
