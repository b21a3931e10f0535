// SPDX-License-Identifier: Apache-2.0

extension String {
    /// How many columns of a terminal it takes: East Asian wide characters and pictures two, marks that stand above or
    /// below the letter before none (Unicode Standard Annex 11).
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// As much of its beginning as fits, or all of it.
    func prefix(columns: Int) -> String {
        var left = columns
        return String(
            prefix { character in
                left -= character.displayWidth
                return left >= 0
            })
    }

    /// Filled up with blanks behind it, or cut; a `~` stands for what was cut off.
    func fitted(columns: Int) -> String {
        let missing = columns - displayWidth
        if missing >= 0 { return self + String(repeating: " ", count: missing) }
        guard columns > 0 else { return "" }
        let start = prefix(columns: columns - 1) + "~"
        return start + String(repeating: " ", count: columns - start.displayWidth)
    }
}

extension Character {
    /// See ``Swift/String/displayWidth``.
    var displayWidth: Int {
        // Nearly all names.
        if isASCII { return 1 }
        return min(2, unicodeScalars.reduce(0) { $0 + $1.displayWidth })
    }
}

extension Unicode.Scalar {
    fileprivate var displayWidth: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}
