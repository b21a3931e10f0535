// SPDX-License-Identifier: Apache-2.0

/// What is wrong at one place of a rule file.
public struct RuleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as the user named it.
    public let file: String

    /// Where the trouble begins.
    public let location: SourceLocation

    /// What was expected and what was found, in one line.
    public let message: String

    /// The line of the file, unprintable characters replaced.
    public let sourceLine: String

    init(file: String, location: SourceLocation, message: String, sourceLine: String) {
        self.file = file
        self.location = location
        self.message = message
        self.sourceLine = String(sourceLine.unicodeScalars.map { $0.isPrintable || $0 == "\t" ? Character($0) : "?" })
    }

    /// `FILE:LINE:COLUMN: MESSAGE`, then the line, then a caret below the place.
    public var description: String {
        "\(file):\(location.line):\(location.column): \(messageWithPlace)"
    }

    /// The message, then the line, then a caret below the place; the message alone if there is no line.
    var messageWithPlace: String {
        guard !sourceLine.isEmpty else { return message }
        let indent = String(sourceLine.unicodeScalars.prefix(location.column - 1).map { $0 == "\t" ? "\t" : " " })
        return "\(message)\n    \(sourceLine)\n    \(indent)^"
    }
}

/// Everything that is wrong with a rule file; none of its rules was taken.
public struct RuleErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one, in the order of the file.
    public let errors: [RuleError]

    init(errors: [RuleError]) {
        self.errors = errors
    }

    /// Finds the lines that complaints about a text are about.
    init(_ complaints: [Complaint], in text: String, file: String) {
        // As bytes: to a string, a carriage return and a line feed are one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        errors = complaints.map { complaint in
            let number = complaint.location.line
            var line = number <= lines.count ? lines[number - 1] : "".utf8[...]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            return RuleError(
                file: file, location: complaint.location, message: complaint.message,
                sourceLine: String(Substring(line)))
        }
    }

    /// An error about a whole file.
    init(file: String, message: String) {
        let start = SourceLocation(line: 1, column: 1)
        errors = [RuleError(file: file, location: start, message: message, sourceLine: "")]
    }

    /// The errors one after the other.
    public var description: String {
        errors.map(\.description).joined(separator: "\n")
    }
}

extension Unicode.Scalar {
    /// Neither a control character nor one that changes the direction of text.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}

/// A message for a place, before it is known which file and line that is.
struct Complaint: Error, Equatable {
    var location: SourceLocation
    var message: String
}
