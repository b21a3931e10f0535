// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import TOMLKit

/// A file that is TOML, whatever it says.
struct ConfigurationDocument {
    /// Longest file that is read, in bytes.
    static let maximumLength = 1_048_576

    let bytes: [UInt8]
    let table: TOMLTable
    let location: ConfigurationLocation

    /// Reads and parses a file.
    /// - Throws: the one mistake up to which it makes sense.
    init(path: String) throws(ConfigurationError) {
        try self.init(path: path, bytes: Self.read(path))
    }

    /// Parses a text as if it were that of a file.
    /// - Throws: the one mistake up to which it makes sense.
    init(path: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.bytes = bytes
        let source = Source(path: path, bytes: bytes)
        if source.bytes.count > Self.maximumLength { throw source.refusal("longer than \(Self.maximumLength) bytes") }
        // TOMLKit would take a null for the end of the text, and Swift would replace what isn't UTF-8.
        if let null = source.bytes.firstIndex(of: 0) { throw source.refusal("contains a null byte", at: null) }
        if let invalid = source.firstInvalidByte { throw source.refusal("isn't UTF-8", at: invalid) }
        location = ConfigurationLocation(source.bytes)
        table = try source.parse(avoiding: location.trap)
        if let null = location.nullEscapes.first { throw source.refusal("contains an escaped null", at: null) }
    }

    /// The bytes of a file, one more than the longest that is taken if it is too long.
    static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        do throws(Errno) {
            return try ConfigurationFile.read(FilePath(path), atMost: maximumLength + 1)
        } catch {
            throw Source(path: path, bytes: []).refusal("can't read: \(error)")
        }
    }
}

/// The bytes of a file and its name in messages.
private struct Source {
    let path: String
    let bytes: [UInt8]

    func refusal(_ message: String, line: Int? = nil, column: Int? = nil) -> ConfigurationError {
        ConfigurationError(diagnostics: [.init(file: path, line: line, column: column, key: "", message: message)])
    }

    func refusal(_ message: String, at offset: Int) -> ConfigurationError {
        let (line, column) = place(of: offset)
        return refusal(message, line: line, column: column)
    }

    /// Line and column, from 1; columns are code points.
    private func place(of offset: Int) -> (line: Int, column: Int) {
        let lines = bytes[..<offset].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return (lines.count, (lines.last ?? []).count { $0 & 0xC0 != 0x80 } + 1)
    }

    var firstInvalidByte: Int? {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    func parse(avoiding trap: ConfigurationLocation.Trap?) throws(ConfigurationError) -> TOMLTable {
        guard let trap else { return try parse(bytes) }
        var harmless = bytes
        harmless[trap.offset] = trap.replacement
        let place = place(of: trap.offset)
        do throws(ConfigurationError) {
            _ = try parse(harmless)
        } catch {
            let isEarlier = error.diagnostics.contains { ($0.line ?? 0, $0.column ?? 0) < place }
            if isEarlier { throw error }
        }
        throw refusal("expected \(trap.expected)", line: place.line, column: place.column)
    }

    private func parse(_ text: [UInt8]) throws(ConfigurationError) -> TOMLTable {
        do {
            return try TOMLTable(string: String(decoding: text, as: UTF8.self))
        } catch let error as TOMLParseError {
            throw refusal(error.description, line: error.source.begin.line, column: error.source.begin.column)
        } catch {
            throw refusal("can't be parsed: \(error)")
        }
    }
}
