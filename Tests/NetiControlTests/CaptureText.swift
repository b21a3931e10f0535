// SPDX-License-Identifier: Apache-2.0

/// Writes capture files byte by byte, in all forms in which they are found.
struct CaptureText {
    enum Order: CaseIterable { case little, big }

    var order = Order.little
    /// Whether times are in nanoseconds.
    var isNanoseconds = false
    /// As registered for files: 1 is Ethernet, 101 raw IP.
    var linkType: UInt32 = 101
    var frames: [Frame] = []

    struct Frame {
        /// Nanoseconds since 1970.
        var time: UInt64 = 0
        var bytes: [UInt8]
        /// What it was before it was cut.
        var originalLength: Int?
    }

    /// The format of tcpdump.
    var pcap: [UInt8] {
        let header = word(isNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4) + half(2) + half(4)
        let rest = word(0) + word(0) + word(262_144) + word(linkType)
        return header + rest + frames.flatMap(record)
    }

    /// The format of Wireshark: a section, an interface, and a block for each frame.
    var pcapng: [UInt8] {
        // if_tsresol: nine digits behind the point; without it six.
        let resolution = isNanoseconds ? half(9) + half(1) + [9, 0, 0, 0] + half(0) + half(0) : []
        let section = block(0x0A0D_0D0A, word(0x1A2B_3C4D) + half(1) + half(0) + word(.max) + word(.max))
        let interface = block(1, half(UInt16(linkType)) + half(0) + word(262_144) + resolution)
        return section + interface + frames.flatMap(enhancedPacket)
    }

    private func record(_ frame: Frame) -> [UInt8] {
        let fraction = frame.time % 1_000_000_000
        return word(UInt32(frame.time / 1_000_000_000)) + word(UInt32(isNanoseconds ? fraction : fraction / 1000))
            + lengths(frame) + frame.bytes
    }

    private func enhancedPacket(_ frame: Frame) -> [UInt8] {
        let time = isNanoseconds ? frame.time : frame.time / 1000
        let padding = [UInt8](repeating: 0, count: (4 - frame.bytes.count % 4) % 4)
        let head = word(0) + word(UInt32(time >> 32)) + word(UInt32(truncatingIfNeeded: time))
        return block(6, head + lengths(frame) + frame.bytes + padding)
    }

    private func lengths(_ frame: Frame) -> [UInt8] {
        word(UInt32(frame.bytes.count)) + word(UInt32(frame.originalLength ?? frame.bytes.count))
    }

    private func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = word(UInt32(body.count + 12))
        return word(type) + length + body + length
    }

    private func word(_ value: UInt32) -> [UInt8] {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        return order == .little ? bytes : bytes.reversed()
    }

    private func half(_ value: UInt16) -> [UInt8] {
        let bytes = [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
        return order == .little ? bytes : bytes.reversed()
    }
}

/// IP packets for captures.
enum SamplePackets {
    /// An IPv4 header of 20 bytes that says so many, and the bytes behind it.
    static func inet(_ payload: [UInt8] = [], length: Int? = nil) -> [UInt8] {
        let length = UInt16(length ?? 20 + payload.count)
        return [
            0x45, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
        ]
            + payload
    }

    /// An IPv6 header that says so many bytes behind it, and those.
    static func inet6(_ payload: [UInt8] = [], next: UInt8 = 17, length: Int? = nil) -> [UInt8] {
        let length = UInt16(length ?? payload.count)
        let address: [UInt8] = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11)
        return [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF), next, 64] + address + [1] + address + [2]
            + payload
    }
}
