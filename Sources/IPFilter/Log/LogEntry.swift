// SPDX-License-Identifier: Apache-2.0

import Packet

/// A log record as pump threads write it: words of fixed meaning, without allocation.
///
/// | word | bits 63 to 0 |
/// |---|---|
/// | 0 | time |
/// | 1 | rule (32), interface (32) |
/// | 2 | total length (32), protocol (8), header length (8), body length (8), flags (8) |
/// | 3 | header word of the match key (see ``HeaderWord``), for its field |
/// | 4 | fragment identification (32), ports (32) |
/// | 5 | fragment offset and "more" |
/// | 6 to 9 | source and destination address |
/// | 10 to 25 | body |
enum LogEntry {
    /// Words of one entry.
    static let size = fixedSize + bodyLimit / 8

    static let fixedSize = 10

    /// Bytes of the payload that are kept.
    static let bodyLimit = 128

    /// Bits of the flags byte in word 2.
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let isV6 = Flags(rawValue: 1 << 0)
        static let isOut = Flags(rawValue: 1 << 1)
        static let isShort = Flags(rawValue: 1 << 2)
        static let isBlocked = Flags(rawValue: 1 << 3)
        static let isLogAction = Flags(rawValue: 1 << 4)
    }

    /// Turns words back into a record.
    static func record(_ words: [UInt64]) -> LogRecord {
        let flags = Flags(rawValue: UInt8(truncatingIfNeeded: words[2]))
        let proto = IPProtocol(rawValue: UInt8(truncatingIfNeeded: words[2] >> 24))
        let address: (Int) -> IPAddress = { place in
            flags.contains(.isV6)
                ? IPAddress(v6High: words[place], low: words[place + 1])
                : IPAddress(v4: UInt32(truncatingIfNeeded: words[place + 1]))
        }
        let field = words[3] & HeaderWord.hasField == 0 ? nil : UInt16(truncatingIfNeeded: words[3] >> 32)
        let hasPorts = words[3] & HeaderWord.hasPorts != 0
        var record = LogRecord(
            time: words[0], rule: Int(words[1] >> 32),
            verdict: flags.contains(.isLogAction) ? .logged : flags.contains(.isBlocked) ? .blocked : .passed,
            direction: flags.contains(.isOut) ? .out : .in, interface: UInt32(truncatingIfNeeded: words[1]),
            source: address(6), destination: address(8), proto: proto,
            headerLength: Int(UInt8(truncatingIfNeeded: words[2] >> 16)), totalLength: Int(words[2] >> 32),
            fragment: Fragment(
                identification: UInt32(words[4] >> 32), offset: UInt16(truncatingIfNeeded: words[5] >> 1),
                moreFollow: words[5] & 1 != 0),
            isShort: flags.contains(.isShort), body: [])
        if hasPorts {
            record.ports = .init(
                source: UInt16(truncatingIfNeeded: words[4] >> 16), destination: UInt16(truncatingIfNeeded: words[4]))
        }
        if let field {
            if proto == .tcp {
                record.flags = TCPFlags(rawValue: UInt8(truncatingIfNeeded: field))
            } else {
                record.icmp = ICMPTest(type: UInt8(field >> 8), code: UInt8(truncatingIfNeeded: field))
            }
        }
        let length = Int(UInt8(truncatingIfNeeded: words[2] >> 8))
        record.body = (0..<length).map {
            UInt8(truncatingIfNeeded: words[fixedSize + $0 / 8] >> UInt64(56 - $0 % 8 * 8))
        }
        return record
    }
}
