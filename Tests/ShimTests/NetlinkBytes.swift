// SPDX-License-Identifier: Apache-2.0

/// Netlink messages put together byte by byte, for this machine's byte order.
enum NetlinkBytes {
    static func host(_ value: some FixedWidthInteger) -> [UInt8] { bytes(of: value) }
    static func network(_ value: some FixedWidthInteger) -> [UInt8] { bytes(of: value.bigEndian) }

    /// `struct nlattr`, the value, and padding to 4 bytes.
    static func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return host(UInt16(4 + value.count)) + host(type) + value + padding
    }

    /// `struct nlmsghdr` and the body.
    static func message(type: UInt16, flags: UInt16 = 0, sequence: UInt32 = 0, _ body: [UInt8]) -> [UInt8] {
        host(UInt32(16 + body.count)) + host(type) + host(flags) + host(sequence) + host(UInt32(0)) + body
    }

    /// `struct nlmsgerr` as an answer to a message of `sequence`.
    static func error(_ error: Int32, sequence: UInt32) -> [UInt8] {
        let header = host(UInt32(16)) + host(UInt16(0x301)) + host(UInt16(1)) + host(sequence) + host(UInt32(0))
        return message(type: 2, host(error) + header)
    }

    private static func bytes<Value: FixedWidthInteger>(of value: Value) -> [UInt8] {
        (0..<Value.bitWidth / 8).map { place in
            #if _endian(little)
                UInt8(truncatingIfNeeded: value >> (place * 8))
            #else
                UInt8(truncatingIfNeeded: value >> (Value.bitWidth - 8 - place * 8))
            #endif
        }
    }
}
