// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet

/// A packet with the circumstances in which a filter meets it.
struct SamplePacket: CustomStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    var direction = Rule.Direction.in
    var interface: UInt32 = 2

    var description: String { name }

    static let client4 = IPAddress(v4: 0xC000_0201)
    static let server4 = IPAddress(v4: 0xC633_6407)
    static let client6 = IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1)
    static let server6 = IPAddress(v6High: 0x2001_0db8_0000_0001, low: 0x80)

    /// From 192.0.2.1 to 198.51.100.7, or from 2001:db8::1 to 2001:db8:0:1::80.
    init(
        _ name: String, _ version: IPVersion, _ transport: TransportHeader, payload: Int = 16,
        change: (inout IPHeader) -> Void = { _ in }
    ) throws(PacketError) {
        var header =
            version == .v4
            ? IPHeader(from: Self.client4, to: Self.server4) : IPHeader(from: Self.client6, to: Self.server6)
        change(&header)
        self.name = name
        bytes = try header.packet(transport, payload: (0..<payload).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// The same in IPv4.
    init(
        _ name: String, _ transport: TransportHeader, payload: Int = 16, change: (inout IPHeader) -> Void = { _ in }
    ) throws(PacketError) {
        try self.init(name, .v4, transport, payload: payload, change: change)
    }

    static func tcp(
        from: UInt16 = 40_000, to: UInt16 = 22, flags: TCPFlags = .syn, _ version: IPVersion = .v4
    ) throws(PacketError) -> SamplePacket {
        try SamplePacket("TCP \(from) > \(to) \(flags.rawValue)", version, .tcp(from: from, to: to, flags: flags))
    }

    static func udp(
        from: UInt16 = 40_000, to: UInt16 = 53, _ version: IPVersion = .v4
    ) throws(PacketError) -> SamplePacket {
        try SamplePacket("UDP \(from) > \(to)", version, .udp(from: from, to: to))
    }

    static func icmp(_ type: UInt8, _ code: UInt8 = 0, _ version: IPVersion = .v4) throws(PacketError) -> SamplePacket {
        try SamplePacket("ICMP \(type)/\(code)", version, .icmp(type: type, code: code))
    }

    func going(_ direction: Rule.Direction) -> SamplePacket {
        var packet = self
        packet.direction = direction
        return packet
    }

    func on(_ interface: UInt32) -> SamplePacket {
        var packet = self
        packet.interface = interface
        return packet
    }
}

extension RuleSet {
    /// Decides a packet at a fixed time.
    func decide(_ packet: SamplePacket, lane: Int = 0) -> FilterDecision {
        let bytes = unsafe packet.bytes.span.bytes
        let datagram = try? Datagram(parsing: bytes)
        return decide(
            FilterPacket(
                bytes, datagram, direction: packet.direction, interface: packet.interface, lane: lane,
                time: 1_700_000_000_123_456_789))
    }

    func passes(_ packet: SamplePacket) -> Bool { decide(packet).verdict == .pass }

    convenience init(_ text: String, defaultPolicy: FilterVerdict = .pass, lanes: Int = 1, logCapacity: Int = 16) throws
    {
        try self.init(
            parsing: text, file: "test.conf", defaultPolicy: defaultPolicy, lanes: lanes, logCapacity: logCapacity)
        updateInterfaces([("eth0", 2), ("eth1", 3)])
    }
}

/// Repeatable random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }

    /// True once in so many times.
    mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
