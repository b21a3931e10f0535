// SPDX-License-Identifier: Apache-2.0

import TOMLKit

/// Where the values of a TOML document stand: maps the path of a value to the line of its key.
///
/// TOMLKit parses the document but tells no lines of what it has parsed, so this walks the text as well. Of a document
/// that isn't TOML the walk makes sense up to the first mistake, and goes on somehow from there.
struct ConfigurationLocation {
    private var lines: [ConfigurationPath: Int] = [:]

    /// What stands before the first header, then what each header begins, in the order of the text.
    private(set) var sections = [ConfigurationSection()]

    /// Where the escaped character U+0000 is in a text or key, which TOMLKit would take for its end.
    private(set) var nullEscapes: [Int] = []

    /// A mistake for which the parser inside TOMLKit 0.6.0 would end the process by a failed assertion.
    struct Trap: Equatable {
        let offset: Int
        /// What should be there.
        let expected: String
        /// The byte to put there instead: as wrong, but refused like any other mistake.
        let replacement: UInt8
    }

    /// The first of them, unless another mistake comes before and the walk has lost its way.
    private(set) var trap: Trap?

    /// Values inside values that the parser takes before it refuses a document.
    private static let maximumDepth = 256

    private let text: [UInt8]
    private var position = 0
    private var line = 1
    /// Elements seen so far of each array of tables.
    private var lengths: [ConfigurationPath: Int] = [:]

    /// Walks through a document.
    init(_ text: [UInt8]) {
        self.text = text
        var table = ConfigurationPath()
        while skip(lineEnds: true), let byte = next {
            let start = position
            if byte == UInt8(ascii: "[") {
                table = header()
                sections.append(ConfigurationSection(path: table, header: start..<position))
            } else {
                let (path, value) = keyAndValue(in: table)
                sections[sections.count - 1].entries.append(.init(path: path, start: start, value: value))
            }
        }
    }

    /// The line of a value's key, or of the nearest table around it that has a line of its own; nil for the root.
    subscript(path: ConfigurationPath) -> Int? {
        lines[path] ?? path.parent.flatMap { self[$0] }
    }

    // MARK: - Tables, keys and values

    /// `[a.b]` or `[[a.b]]`; gives the path of the table that it opens.
    private mutating func header() -> ConfigurationPath {
        position += 1
        let isArray = take("[")
        if skip(lineEnds: false), let byte = next, byte != UInt8(ascii: "]"), !Self.startsKey(byte) {
            noteTrap(at: position, expected: "the name of a table", replacement: "]")
        }
        let keys = dottedKey()
        var path = ConfigurationPath()
        for (place, key) in keys.enumerated() {
            path = path.appending(key)
            if isArray, place == keys.count - 1 {
                note(path)
                lengths[path, default: 0] += 1
            }
            if let length = lengths[path] { path = path.appending(length - 1) }
            note(path)
        }
        while take("]") {}
        return path
    }

    /// `a.b = value`; gives what the key stands for, and where the value is.
    @discardableResult
    private mutating func keyAndValue(
        in table: ConfigurationPath, depth: Int = 0
    ) -> (path: ConfigurationPath, value: Range<Int>) {
        let start = position
        var path = table
        for key in dottedKey() {
            path = path.appending(key)
            note(path)
        }
        var valueStart = position
        if take("=") {
            _ = skip(lineEnds: false)
            valueStart = position
            value(at: path, depth: depth)
        }
        var end = position
        while end > valueStart, Self.blanks.contains(text[end - 1]) { end -= 1 }
        // Whatever this is, it isn't TOML; the walk must go on all the same.
        if position == start { position += 1 }
        return (path, valueStart..<end)
    }

    private mutating func value(at path: ConfigurationPath, depth: Int) {
        if depth > Self.maximumDepth { position = text.count }
        guard skip(lineEnds: false), let byte = next else { return }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            string()
        case UInt8(ascii: "["):
            position += 1
            var index = 0
            while skip(lineEnds: true), !take("]") {
                let start = position
                if next == UInt8(ascii: "}") { noteTrap(at: position, expected: "a value or ']'", replacement: "=") }
                note(path.appending(index))
                value(at: path.appending(index), depth: depth + 1)
                index += 1
                _ = skip(lineEnds: true)
                if !take(","), position == start { position += 1 }
            }
        case UInt8(ascii: "{"):
            position += 1
            while skip(lineEnds: true), !take("}") {
                keyAndValue(in: path, depth: depth + 1)
                _ = take(",")
            }
        default:
            checkDate()
            while let byte = next, !Self.endsScalar.contains(byte) { position += 1 }
        }
    }

    /// A date, or to the parser any ten characters, may be followed by `T` or a blank and the time: after `T` it takes
    /// a digit for granted, after a blank and a digit another one. Underscores don't count.
    private mutating func checkDate() {
        let dateLength = 10
        var end = position
        var length = 0
        while end < text.count, !Self.endsScalar.contains(text[end]) {
            let isCounted = text[end] != UInt8(ascii: "_") && text[end] & 0xC0 != 0x80
            if isCounted, length == dateLength { break }
            if text[end] == UInt8(ascii: " ") { return }
            length += isCounted ? 1 : 0
            end += 1
        }
        let digit = UInt8(ascii: "0")...UInt8(ascii: "9")
        let digits = text[end...].dropFirst().prefix(2).prefix(while: digit.contains).count
        let isTrap =
            switch text[end...].first {
            case UInt8(ascii: "T"), UInt8(ascii: "t"): digits == 0
            case UInt8(ascii: " "): digits == 1
            default: false
            }
        if isTrap { noteTrap(at: end, expected: "the time behind a date", replacement: "!") }
    }

    private mutating func noteTrap(at offset: Int, expected: String, replacement: Unicode.Scalar) {
        trap = trap ?? Trap(offset: offset, expected: expected, replacement: UInt8(ascii: replacement))
    }

    private mutating func note(_ path: ConfigurationPath) {
        if lines[path] == nil { lines[path] = line }
    }

    private mutating func dottedKey() -> [String] {
        var keys: [String] = []
        repeat {
            guard skip(lineEnds: false), let byte = next else { break }
            let start = position
            if ConfigurationPath.isBare(byte) {
                while let byte = next, ConfigurationPath.isBare(byte) { position += 1 }
            } else if Self.startsKey(byte) {
                string()
            }
            keys.append(Self.key(String(decoding: text[start..<position], as: UTF8.self)))
        } while take(".")
        return keys
    }

    /// A key as it stands in the text, without its quotation marks and escapes.
    private static func key(_ text: String) -> String {
        guard text.first == "\"" || text.first == "'" else { return text }
        return (try? TOMLTable(string: "key = " + text))?["key"]?.string ?? text
    }

    // MARK: - Characters

    private static func startsKey(_ byte: UInt8) -> Bool {
        ConfigurationPath.isBare(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    private static let blanks = [UInt8](" \t\r".utf8)
    private static let endsScalar = [UInt8](",]}#\n".utf8)

    private var next: UInt8? { position < text.count ? text[position] : nil }

    /// Goes past blanks and comments, and past line ends if wanted; false at the end of the text.
    private mutating func skip(lineEnds: Bool) -> Bool {
        while let byte = next {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
            case UInt8(ascii: "\r") where lineEnds, UInt8(ascii: "\n") where lineEnds: advance()
            case UInt8(ascii: "#") where lineEnds: while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
            default: return true
            }
        }
        return false
    }

    /// Goes past one byte and counts lines.
    private mutating func advance() {
        if next == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    /// Goes past blanks and this character if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard skip(lineEnds: false), next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Goes past a text of any of the four kinds.
    private mutating func string() {
        let quote = text[position]
        let isLong = text[position...].prefix(3).elementsEqual([quote, quote, quote])
        let end = [UInt8](repeating: quote, count: isLong ? 3 : 1)
        position += end.count
        while let byte = next, !text[position...].starts(with: end) {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                noteNullEscape()
                advance()
            } else if byte == UInt8(ascii: "\n"), !isLong {
                return
            }
            if position < text.count { advance() }
        }
        position = min(position + end.count, text.count)
        // A long text may end with one or two quotation marks of its own.
        while isLong, next == quote { position += 1 }
    }

    private mutating func noteNullEscape() {
        let escape = text[position...].dropFirst()
        if escape.starts(with: "u0000".utf8) || escape.starts(with: "U00000000".utf8) { nullEscapes.append(position) }
    }
}
