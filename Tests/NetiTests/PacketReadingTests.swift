// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// What a hook learns of a packet (R89 to R91).
struct PacketReadingTests {
    /// Which transport headers the short accessors find, with one value of each.
    private struct Transport: Equatable {
        var tcp: UInt16?
        var udp: UInt16?
        var icmp: UInt8?

        init(tcp: UInt16? = nil, udp: UInt16? = nil, icmp: UInt8? = nil) {
            self.tcp = tcp
            self.udp = udp
            self.icmp = icmp
        }

        init(_ packet: borrowing PacketEvent) {
            tcp = packet.tcp?.destinationPort
            udp = packet.udp?.destinationPort
            icmp = packet.icmp?.type
        }
    }

    @Test("Each transport header is found as what it is, and as nothing else", arguments: IPVersion.allCases)
    func transportHeaders(version: IPVersion) throws {
        let tcp = try SamplePacket.bytes(version, .tcp(from: 40_000, to: 23, flags: .syn))
        #expect(withPacket(tcp) { Transport($0) } == Transport(tcp: 23))
        #expect(try withPacket(SamplePacket.udp(version)) { Transport($0) } == Transport(udp: 53))
        let icmp = try SamplePacket.bytes(version, .icmp(type: 8))
        #expect(withPacket(icmp) { Transport($0) } == Transport(icmp: 8))
        #expect(try withPacket(SamplePacket.bytes(version, .none(.esp))) { Transport($0) } == Transport())
    }

    @Test("Later fragments and packets that end within the header have none", arguments: IPVersion.allCases)
    func noTransportHeader(version: IPVersion) throws {
        let later = try SamplePacket.bytes(version, .none(.udp)) {
            $0.fragment = Fragment(identification: 7, offset: 64, moreFollow: false)
        }
        #expect(withPacket(later) { Transport($0) } == Transport())
        let whole = try SamplePacket.bytes(version, .tcp(from: 1, to: 2, flags: .syn), payload: 0)
        let cut = Array(whole.dropLast())
        #expect(withPacket(cut, length: whole.count) { Transport($0) } == Transport())
    }

    @Test("Rubbish has no headers", arguments: [[], [0x45], [0x00, 0x01], [UInt8](repeating: 0xFF, count: 64)])
    func rubbish(bytes: [UInt8]) {
        withPacket(bytes) { packet in
            let found = Transport(packet)
            let datagram = packet.datagram
            #expect(found == Transport())
            #expect(datagram == nil)
            #expect(packet.copied == bytes)
        }
    }

    @Test("Headers are remembered until an edit, then read anew")
    func remembered() throws {
        try withPacket(SamplePacket.udp(.v4)) { packet in
            let first = packet.datagram
            #expect(first?.hopLimit == 64)
            #expect(first?.protocol == .udp)
            #expect(packet.datagram == first)
            try packet.put(9, at: 8)
            #expect(packet.datagram?.hopLimit == 9)
            try packet.put(IPProtocol.tcp.rawValue, at: 9)
            let found = Transport(packet)
            #expect(found == Transport(tcp: 53))
            try packet.put(0, at: 0)
            #expect(packet.datagram == nil)
            try packet.put(0x45, at: 0)
            #expect(packet.datagram?.hopLimit == 9)
        }
    }

    @Test("Headers are read anew after another length and another packet")
    func rereadAfterReplacing() throws {
        let other = try SamplePacket.bytes(.v6, .tcp(from: 1, to: 2, flags: .ack))
        try withPacket(SamplePacket.udp(.v4)) { packet in
            #expect(packet.datagram?.isCut == false)
            try packet.resize(to: 30)
            #expect(packet.datagram?.isCut == true)
            try packet.replace(with: unsafe other.span.bytes)
            #expect(packet.datagram?.version == .v6)
            let found = Transport(packet)
            #expect(found == Transport(tcp: 2))
        }
    }

    @Test("Interfaces and the kernel's other words come from the metadata (R90)")
    func metadata() throws {
        var metadata = PacketMetadata()
        metadata.inInterface = 3
        metadata.outInterface = 4
        metadata.uid = 1000
        try withPacket(SamplePacket.udp(.v4), flags: [.multicast], metadata: metadata) { packet in
            #expect(packet.inInterface == 3)
            #expect(packet.outInterface == 4)
            #expect(packet.metadata.uid == 1000)
            #expect(packet.metadata.gid == nil)
            #expect(packet.flags == .multicast)
            #expect(packet.netid == .global)
        }
    }

    @Test("Flags have the bits of the original")
    func flags() {
        #expect(PacketFlags.multicast.rawValue == 0x01)
        #expect(PacketFlags.broadcast.rawValue == 0x02)
    }

    @Test("A packet of which only a part was copied says so")
    func cut() throws {
        let bytes = try SamplePacket.udp(.v4)
        withPacket(bytes) { #expect($0.isCut == false) }
        withPacket(bytes, length: bytes.count + 1) { #expect($0.isCut == true) }
    }

    @Test("Assigning the mark is told, whatever is assigned; reading it isn't")
    func mark() throws {
        try withPacket(SamplePacket.udp(.v4), mark: 7) { packet in
            #expect(packet.mark == 7)
            #expect(packet.isMarkChanged == false)
            packet.mark = 7
            #expect(packet.isMarkChanged == true)
            packet.mark |= 0x100
            #expect(packet.mark == 0x107)
            #expect(packet.isEdited == false)
        }
    }
}
