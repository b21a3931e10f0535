// SPDX-License-Identifier: Apache-2.0

import Packet

/// Packets computed by another program, checksums included.
enum GoldenPacket: String, CaseIterable {
    case tcp4, udp4, icmp4, tcp6, udp6, icmp6, chain6

    static let client4 = IPAddress(v4: 0xC000_0201)
    static let server4 = IPAddress(v4: 0xC633_6407)
    static let client6 = IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1)
    static let server6 = IPAddress(v6High: 0x2001_0db8_0000_0001, low: 0x80)

    var bytes: [UInt8] { [UInt8](hexadecimal: text) }

    var isV6: Bool { rawValue.hasSuffix("6") }

    private var text: String {
        switch self {
        case .tcp4:
            // TOS 0x10, DF, options of TCP: MSS 1460.
            "4510002cbeef400040068f90c0000201c6336407c000001601020304000000006002faf0ecdc0000" + "020405b4"
        case .udp4:
            // With the router alert option.
            "46000025000000004011f987c0000201c63364079404000014e90035000dbaa768656c6c6f"
        case .icmp4: "45000023000000000101cd9ec0000201c6336407080054971234000761626364656667"
        case .tcp6:
            // Traffic class 0xb8, flow label 0x12345.
            "6b8123450018064020010db800000000000000000000000120010db8000000010000000000000080"
                + "c000001601020304000000006002faf07d250000020405b4"
        case .udp6:
            "60000000000d114020010db800000000000000000000000120010db8000000010000000000000080"
                + "14e90035000d4af068656c6c6f"
        case .icmp6:
            "60000000000f3aff20010db800000000000000000000000120010db8000000010000000000000080"
                + "800080591234000761626364656667"
        case .chain6:
            // Hop-by-hop options, destination options, segment routing to 2001:db8:ffff::9 with one segment left, TCP.
            "600000000048004020010db800000000000000000000000120010db8000000010000000000000080"
                + "3c000502000001002b01010c000000000000000000000000060204010000000020010db8ffff0000"
                + "0000000000000009c000001601020304000000006002faf07d9d0000020405b4"
        }
    }
}

extension [UInt8] {
    init(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    func parsed() throws(PacketError) -> Datagram {
        try unsafe Datagram(parsing: span.bytes)
    }

    /// What parsing ends with, for tables of refusals.
    var refusal: PacketError? {
        do throws(PacketError) {
            _ = try parsed()
            return nil
        } catch {
            return error
        }
    }

    var transportChecksum: UInt16? {
        get throws(PacketError) { try unsafe parsed().transportChecksum(in: span.bytes) }
    }

    mutating func updateChecksums() throws(PacketError) {
        let datagram = try parsed()
        var elements = mutableSpan
        var bytes = unsafe elements.mutableBytes
        bytes.updateChecksums(of: datagram)
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

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
