// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct DatagramTests {
    struct Expected: Sendable {
        var packet: GoldenPacket
        var proto: IPProtocol
        var header: UInt8
        var transport: UInt32
        var total: UInt32
        var hops: UInt8 = 64
        var trafficClass: UInt8 = 0
        var extensionHeaders: ExtensionHeaders.Kinds = []
    }

    static let expectations = [
        Expected(packet: .tcp4, proto: .tcp, header: 20, transport: 20, total: 44, trafficClass: 0x10),
        Expected(packet: .udp4, proto: .udp, header: 24, transport: 24, total: 37),
        Expected(packet: .icmp4, proto: .icmp, header: 20, transport: 20, total: 35, hops: 1),
        Expected(packet: .tcp6, proto: .tcp, header: 40, transport: 40, total: 64, trafficClass: 0xb8),
        Expected(packet: .udp6, proto: .udp, header: 40, transport: 40, total: 53),
        Expected(packet: .icmp6, proto: .icmpV6, header: 40, transport: 40, total: 55, hops: 255),
        Expected(
            packet: .chain6, proto: .tcp, header: 40, transport: 88, total: 112,
            extensionHeaders: [.hopByHop, .destinationOptions, .routing]),
    ]

    @Test(arguments: expectations)
    func goldenPacketIsRead(_ expected: Expected) throws {
        let datagram = try expected.packet.bytes.parsed()
        #expect(datagram.protocol == expected.proto)
        #expect(datagram.headerLength == expected.header)
        #expect(datagram.transportOffset == expected.transport)
        #expect(datagram.totalLength == expected.total)
        #expect(datagram.hopLimit == expected.hops)
        #expect(datagram.trafficClass == expected.trafficClass)
        #expect(datagram.extensionHeaders == expected.extensionHeaders)
        #expect(datagram.version == (expected.packet.isV6 ? .v6 : .v4))
        #expect(datagram.source == (expected.packet.isV6 ? GoldenPacket.client6 : GoldenPacket.client4))
        #expect(datagram.destination == (expected.packet.isV6 ? GoldenPacket.server6 : GoldenPacket.server4))
        #expect(datagram.hasOptions == (expected.packet == .udp4))
        #expect(datagram.isFragmentingForbidden == (expected.packet == .tcp4))
        #expect(!datagram.isFragment && !datagram.isCut && !datagram.isShort)
    }

    @Test(arguments: GoldenPacket.allCases)
    func everyCutIsReadOrRefused(_ packet: GoldenPacket) throws {
        let whole = packet.bytes
        let transport = Int(try whole.parsed().transportOffset)
        for length in 0..<whole.count {
            let cut = Array(whole.prefix(length))
            guard length >= transport else {
                #expect(cut.refusal == .truncated, "\(length) bytes")
                continue
            }
            let datagram = try cut.parsed()
            #expect(datagram.isCut)
            #expect(datagram.capturedTransportLength == length - transport)
            #expect(datagram.transportLength == whole.count - transport)
            #expect(try cut.transportChecksum == nil)
        }
    }

    @Test(arguments: GoldenPacket.allCases)
    func paddingIsLeftOut(_ packet: GoldenPacket) throws {
        let padded = packet.bytes + [UInt8](repeating: 0xEE, count: 18)
        let datagram = try padded.parsed()
        #expect(datagram == (try packet.bytes.parsed()))
        #expect(unsafe datagram.transport(in: padded.span.bytes).byteCount == datagram.transportLength)
        #expect(try padded.transportChecksum == 0)
    }

    struct Refusal: Sendable {
        var packet: GoldenPacket
        var changes: [Int: UInt8]
        var error: PacketError
    }

    static let refusals = [
        Refusal(packet: .tcp4, changes: [0: 0x55], error: .version),
        Refusal(packet: .tcp4, changes: [0: 0x65, 4: 0, 5: 0, 6: 0], error: .jumbogram),
        Refusal(packet: .tcp4, changes: [0: 0x44], error: .headerLength),
        Refusal(packet: .tcp4, changes: [0: 0x40], error: .headerLength),
        Refusal(packet: .tcp4, changes: [0: 0x4F], error: .truncated),
        Refusal(packet: .tcp4, changes: [3: 19], error: .totalLength),
        Refusal(packet: .tcp4, changes: [3: 0], error: .totalLength),
        Refusal(packet: .udp4, changes: [3: 23], error: .totalLength),
        Refusal(packet: .chain6, changes: [4: 0, 5: 0], error: .jumbogram),
        Refusal(packet: .chain6, changes: [5: 7], error: .truncated),
        Refusal(packet: .chain6, changes: [41: 255], error: .truncated),
        // Hop-by-hop options behind hop-by-hop options.
        Refusal(packet: .chain6, changes: [40: 0], error: .extensionHeaders),
        // A fragment header behind a fragment header.
        Refusal(packet: .chain6, changes: [6: 44, 40: 44, 42: 0, 43: 1], error: .extensionHeaders),
    ]

    @Test(arguments: refusals)
    func brokenHeaderIsRefused(_ refusal: Refusal) {
        var bytes = refusal.packet.bytes
        for (offset, value) in refusal.changes { bytes[offset] = value }
        #expect(bytes.refusal == refusal.error)
    }

    @Test func emptyPayloadWithoutHopByHopOptionsIsRead() throws {
        let header = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
        let datagram = try header.packet(.none(.noNextHeader)).parsed()
        #expect(datagram.totalLength == 40)
        #expect(datagram.protocol == .noNextHeader)
    }

    @Test(arguments: [(16, nil), (17, PacketError.extensionHeaders)] as [(Int, PacketError?)])
    func extensionHeadersAreCounted(_ count: Int, _ refusal: PacketError?) throws {
        var header = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
        header.extensionHeaders = (0..<count).map { _ in ExtensionHeaderContent(.destinationOptions) }
        #expect(try header.packet(.udp(from: 1, to: 2)).refusal == refusal)
    }

    @Test(arguments: [IPProtocol.esp, .mobility, .noNextHeader, IPProtocol(rawValue: 139)])
    func walkStopsAtPayload(_ payload: IPProtocol) throws {
        var header = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
        header.extensionHeaders = [.init(.hopByHop), .init(.ah, bytes: [UInt8](repeating: 7, count: 22))]
        let datagram = try header.packet(.none(payload), payload: [59, 0, 0, 0, 0, 0, 0, 0]).parsed()
        #expect(datagram.protocol == payload)
        #expect(datagram.transportOffset == 40 + 8 + 24)
        #expect(datagram.extensionHeaders == [.hopByHop, .authentication])
    }

    struct Piece: Sendable {
        var offset: UInt16
        var moreFollow: Bool
        var isFragment = true
        var isFirst = false
    }

    static let pieces = [
        Piece(offset: 0, moreFollow: false, isFragment: false),
        Piece(offset: 0, moreFollow: true, isFirst: true),
        Piece(offset: 8, moreFollow: true),
        Piece(offset: 1480, moreFollow: true),
        Piece(offset: 65_528, moreFollow: false),
    ]

    @Test(arguments: pieces, IPVersion.allCases)
    func fragmentIsRead(_ piece: Piece, _ version: IPVersion) throws {
        var header =
            switch version {
            case .v4: IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
            case .v6: IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
            }
        header.fragment = Fragment(identification: 0xABCD, offset: piece.offset, moreFollow: piece.moreFollow)
        let packet = try header.packet(.none(.udp), payload: [UInt8](repeating: 9, count: 24))
        let datagram = try packet.parsed()
        #expect(datagram.fragment == header.fragment)
        #expect(datagram.isFragment == piece.isFragment)
        #expect(datagram.isFirstFragment == piece.isFirst)
        #expect(datagram.hasTransportHeader == (piece.offset == 0))
        #expect(datagram.protocol == .udp)
        #expect(datagram.extensionHeaders == (version == .v6 ? .fragment : []))
        let port = unsafe datagram.udp(in: packet.span.bytes)?.sourcePort
        #expect(port == (piece.offset == 0 ? 0x0909 : nil))
    }

    /// A later fragment names a header that isn't at its beginning.
    @Test func laterFragmentOfExtensionHeadersIsNotWalked() throws {
        var header = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)
        header.fragment = Fragment(identification: 1, offset: 64, moreFollow: false)
        let datagram = try header.packet(.none(.destinationOptions), payload: [6, 255]).parsed()
        #expect(datagram.protocol == .destinationOptions)
        #expect(datagram.transportOffset == 48)
    }

    static let shortness: [(IPProtocol, Int, UInt16, Bool)] = [
        (.tcp, 19, 0, true), (.tcp, 20, 0, false), (.udp, 7, 0, true), (.udp, 8, 0, false), (.icmp, 7, 0, true),
        (.icmp, 8, 0, false), (.esp, 0, 0, false), (.tcp, 99, 8, true), (.tcp, 99, 16, true), (.tcp, 99, 24, false),
        (.udp, 99, 8, false), (.icmpV6, 1, 0, false),
    ]

    @Test(arguments: shortness)
    func shortPacketIsKnown(_ proto: IPProtocol, _ length: Int, _ offset: UInt16, _ isShort: Bool) throws {
        var header = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
        header.fragment = Fragment(identification: 1, offset: offset, moreFollow: false)
        let packet = try header.packet(.none(proto), payload: [UInt8](repeating: 0, count: length))
        #expect(try packet.parsed().isShort == isShort)
    }

    @Test func largestPacketIsRead() throws {
        let header = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
        let packet = try header.packet(
            .tcp(from: 1, to: 2, flags: .ack), payload: [UInt8](repeating: 0xFF, count: 65_535 - 40))
        #expect(try packet.parsed().totalLength == 65_535)
        #expect(try packet.transportChecksum == 0)
    }
}
