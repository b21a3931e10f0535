// SPDX-License-Identifier: Apache-2.0

/// Bytes that travel and are typed as text: two hexadecimal digits each and nothing else.
public struct HexadecimalBytes: Equatable, Sendable {
    /// The bytes themselves.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads pairs of digits in either case; nil for anything else.
    public init?(text: String) {
        var text = text
        text.makeContiguousUTF8()
        let digits = text.utf8.span
        guard digits.count.isMultiple(of: 2) else { return nil }
        bytes = []
        bytes.reserveCapacity(digits.count / 2)
        for index in 0..<digits.count / 2 {
            guard let high = Self.value(digits[2 * index]), let low = Self.value(digits[2 * index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
    }

    /// The bytes in lower-case digits.
    public var text: String {
        var text = [UInt8](repeating: 0, count: 2 * bytes.count)
        for index in bytes.indices {
            text[2 * index] = Self.digit(bytes[index] >> 4)
            text[2 * index + 1] = Self.digit(bytes[index] & 0xF)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension HexadecimalBytes: Codable {
    /// From a string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = HexadecimalBytes(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not pairs of hexadecimal digits")
        }
        self = value
    }

    /// As a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
