// SPDX-License-Identifier: Apache-2.0

/// A word or sign of a rule file.
struct Token: Equatable {
    enum Kind: Equatable {
        /// Letters, digits and everything else that is no sign: keywords, addresses, names.
        case word
        /// A word in quotes or with a backslash in it: never a keyword.
        case literal
        /// One of `= != ! < > <= >= >< <> { } ( ) , ;`.
        case sign
        /// Something that no rule can hold; the text says what is wrong.
        case mistake
        /// The end of the file.
        case end
    }

    var kind: Kind
    var text: String
    var location: SourceLocation

    /// Whether it is the first one in its line.
    var startsLine: Bool

    /// The keyword that it would be: words in lower case, anything else nothing.
    var keyword: String? {
        kind == .word ? text.lowercased() : nil
    }

    /// How a message calls it.
    var quoted: String {
        switch kind {
        case .end: "the end of the file"
        case .literal: "\"\(printable)\""
        case .word, .sign, .mistake: "'\(printable)'"
        }
    }

    private var printable: String {
        let scalars = text.unicodeScalars.prefix(40).map { $0.isPrintable ? Character($0) : "?" }
        return String(scalars) + (text.unicodeScalars.count > 40 ? "..." : "")
    }
}
