// SPDX-License-Identifier: Apache-2.0

/// A key of a terminal.
enum Key: Equatable {
    case character(Character)
    case up, down, left, right, pageUp, pageDown, home, end
    case enter, escape, backspace, tab

    /// The keys that some bytes stand for, as one read brought them: a terminal sends the bytes of a key in one piece, so
    /// an escape character with nothing behind it is the key itself. What no key stands for is passed over.
    static func keys(_ bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var rest = bytes[...]
        while let first = rest.popFirst() {
            switch first {
            case 0x1B: if let key = sequence(&rest) { keys.append(key) }
            case 0x0D, 0x0A: keys.append(.enter)
            case 0x7F, 0x08: keys.append(.backspace)
            case 0x09: keys.append(.tab)
            case 0x20..<0x7F: keys.append(.character(Character(Unicode.Scalar(first))))
            case 0xC2...: if let character = character(first, &rest) { keys.append(.character(character)) }
            default: break
            }
        }
        return keys
    }

    /// What follows an escape character: `[` or `O`, parameters, and a letter or `~` (ECMA-48, CSI).
    private static func sequence(_ rest: inout ArraySlice<UInt8>) -> Key? {
        guard let introducer = rest.first else { return .escape }
        guard introducer == UInt8(ascii: "[") || introducer == UInt8(ascii: "O") else {
            // A key together with Alt.
            _ = rest.popFirst()
            return nil
        }
        _ = rest.popFirst()
        var parameter = 0
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): parameter = min(1000, parameter * 10 + Int(byte) - 48)
            case 0x40...0x7E: return named(byte, parameter)
            default: break
            }
        }
        return nil
    }

    private static func named(_ letter: UInt8, _ parameter: Int) -> Key? {
        switch (letter, parameter) {
        case (UInt8(ascii: "A"), _): .up
        case (UInt8(ascii: "B"), _): .down
        case (UInt8(ascii: "C"), _): .right
        case (UInt8(ascii: "D"), _): .left
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), 1), (UInt8(ascii: "~"), 7): .home
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), 4), (UInt8(ascii: "~"), 8): .end
        case (UInt8(ascii: "~"), 5): .pageUp
        case (UInt8(ascii: "~"), 6): .pageDown
        default: nil
        }
    }

    /// A character of UTF-8 that begins with this byte, if it can be shown.
    private static func character(_ first: UInt8, _ rest: inout ArraySlice<UInt8>) -> Character? {
        let length = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
        let bytes = [first] + rest.prefix(length)
        rest = rest.dropFirst(length)
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        guard scalars.count == 1, let scalar = scalars.first, scalar.isPrintable, scalar != "\u{FFFD}" else {
            return nil
        }
        return Character(scalar)
    }
}
