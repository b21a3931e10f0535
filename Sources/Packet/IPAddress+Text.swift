// SPDX-License-Identifier: Apache-2.0

extension IPAddress: LosslessStringConvertible {
    /// Reads an address in text: four decimal numbers, or an IPv6 address as in RFC 4291, section 2.2.
    ///
    /// Strict: no octal, hexadecimal or shortened IPv4 forms, no leading zeros in IPv4 numbers, no zone, no blanks.
    public init?(_ description: String) {
        self.init(text: description.utf8)
    }

    /// Reads an address in text, as ``init(_:)`` does, from its UTF-8 bytes.
    public init?(text: some Collection<UInt8>) {
        if text.contains(UInt8(ascii: ":")) {
            self.init(v6Text: text)
        } else {
            guard let value = Self.parseV4(text) else { return nil }
            self.init(v4: value)
        }
    }

    private init?(v6Text text: some Collection<UInt8>) {
        var groups = AddressGroups()
        var rest = text[...]
        if rest.starts(with: [.colon, .colon]) {
            rest = rest.dropFirst(2)
            groups.markGap()
            if rest.isEmpty {
                self = groups.address
                return
            }
        }
        while true {
            let end = rest.firstIndex(of: .colon) ?? rest.endIndex
            let group = rest[..<end]
            if end == rest.endIndex, group.contains(.dot) {
                guard let value = Self.parseV4(group), groups.append(UInt16(value >> 16)),
                    groups.append(UInt16(value & 0xFFFF))
                else { return nil }
            } else {
                guard let value = Self.parseHexadecimal(group), groups.append(value) else { return nil }
            }
            if end == rest.endIndex { break }
            rest = rest[end...].dropFirst()
            if rest.first == .colon {
                guard groups.markGap() else { return nil }
                rest = rest.dropFirst()
                if rest.isEmpty { break }
            }
        }
        guard groups.isComplete else { return nil }
        self = groups.address
    }

    private static func parseV4(_ text: some Collection<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text {
            if byte == .dot {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | octet
                (octet, digits, dots) = (0, 0, dots + 1)
            } else {
                guard byte >= .zero, byte <= .nine, digits == 0 || octet != 0 else { return nil }
                octet = octet * 10 + UInt32(byte - .zero)
                digits += 1
                guard octet <= 255 else { return nil }
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        return value << 8 | octet
    }

    private static func parseHexadecimal(_ text: some Collection<UInt8>) -> UInt16? {
        guard !text.isEmpty, text.count <= 4 else { return nil }
        var value: UInt16 = 0
        for byte in text {
            switch byte {
            case .zero ... .nine: value = value << 4 | UInt16(byte - .zero)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    /// The canonical form: decimal numbers with dots, or RFC 5952 with IPv4-mapped addresses in mixed notation.
    public var description: String {
        switch version {
        case .v4: Self.dotted(v4)
        case .v6: descriptionV6
        }
    }

    private var descriptionV6: String {
        if high == 0, low >> 32 == 0xFFFF { return "::ffff:" + Self.dotted(v4) }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - $0 % 4 * 16)) }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let gap = Self.longestZeroRun(groups) else { return text(0..<8) }
        return text(0..<gap.lowerBound) + "::" + text(gap.upperBound..<8)
    }

    private static func dotted(_ value: UInt32) -> String {
        "\(value >> 24).\(value >> 16 & 0xFF).\(value >> 8 & 0xFF).\(value & 0xFF)"
    }

    /// The first of the longest runs of two or more zero groups (RFC 5952, sections 4.2.2 and 4.2.3).
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        return longest.count >= 2 ? longest : nil
    }
}

/// The 16-bit groups of an IPv6 address while it is being read; the gap is where `::` stood.
private struct AddressGroups {
    private var bits: (high: UInt64, low: UInt64) = (0, 0)
    private var count = 0
    private var gap: Int?

    mutating func append(_ group: UInt16) -> Bool {
        guard count < 8 else { return false }
        bits = (bits.high << 16 | bits.low >> 48, bits.low << 16 | UInt64(group))
        count += 1
        return true
    }

    @discardableResult
    mutating func markGap() -> Bool {
        guard gap == nil else { return false }
        gap = count
        return true
    }

    /// A gap stands for at least one group.
    var isComplete: Bool { gap == nil ? count == 8 : count < 8 }

    var address: IPAddress {
        guard let gap else { return IPAddress(v6High: bits.high, low: bits.low) }
        let value = UInt128(bits.high) << 64 | UInt128(bits.low)
        let tailBits = UInt128((count - gap) * 16)
        let tail = value & ((UInt128(1) << tailBits) - 1)
        // Swift's shift of a whole width or more gives 0, so a gap at either end needs no case of its own.
        let whole = (value >> tailBits) << UInt128(128 - gap * 16) | tail
        return IPAddress(v6High: UInt64(whole >> 64), low: UInt64(truncatingIfNeeded: whole))
    }
}

extension UInt8 {
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let dot = UInt8(ascii: ".")
    fileprivate static let zero = UInt8(ascii: "0")
    fileprivate static let nine = UInt8(ascii: "9")
}
