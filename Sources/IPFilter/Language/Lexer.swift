// SPDX-License-Identifier: Apache-2.0

/// Cuts the text of a rule file into tokens.
///
/// Line ends are blanks; `#` begins a comment wherever it stands; a backslash at the end of a line is a blank, elsewhere
/// it takes the next character as it is. Which words are keywords is the parser's business, since that depends on
/// where they stand.
struct Lexer {
    private let text: [UInt8]
    private var index = 0
    private var line = 1
    private var column = 1
    private var startsLine = true
    private var afterLast = SourceLocation(line: 1, column: 1)

    init(_ text: [UInt8]) {
        self.text = text
    }

    /// All tokens; the last one is the end, placed right behind the last word.
    static func tokens(of text: [UInt8]) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while let token = lexer.next() { tokens.append(token) }
        tokens.append(Token(kind: .end, text: "", location: lexer.afterLast, startsLine: lexer.startsLine))
        return tokens
    }

    private mutating func next() -> Token? {
        skipBlanks()
        guard let byte = peek else { return nil }
        let location = here
        let (kind, token) =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quoted(by: byte)
            case UInt8(ascii: "$"): variable()
            case _ where Self.signs.contains(byte): sign()
            case _ where Self.isControl(byte): control()
            default: word()
            }
        defer {
            startsLine = false
            afterLast = here
        }
        return Token(kind: kind, text: token, location: location, startsLine: startsLine)
    }

    // MARK: Kinds of tokens

    private mutating func word() -> (Token.Kind, String) {
        var bytes: [UInt8] = []
        var kind = Token.Kind.word
        while let byte = peek, Self.isWord(byte) {
            if byte == UInt8(ascii: "\\") {
                guard !isLineEnd(at: index + 1) else { break }
                kind = .literal
                advance()
            }
            if let taken = peek {
                bytes.append(taken)
                advance()
            }
        }
        return (kind, String(decoding: bytes, as: UTF8.self))
    }

    private mutating func sign() -> (Token.Kind, String) {
        let pairs = ["!=", "<=", ">=", "><", "<>"]
        let pair = String(decoding: text[index..<min(index + 2, text.count)], as: UTF8.self)
        advance()
        if pairs.contains(pair) {
            advance()
            return (.sign, pair)
        }
        return (.sign, String(pair.prefix(1)))
    }

    private mutating func quoted(by quote: UInt8) -> (Token.Kind, String) {
        advance()
        var bytes: [UInt8] = []
        while let byte = peek, byte != quote, byte != .newline {
            bytes.append(byte)
            advance()
        }
        guard peek == quote else { return (.mistake, "the quoted text doesn't end in its line") }
        advance()
        guard !bytes.contains(UInt8(ascii: "$")) else { return (.mistake, Self.noVariables) }
        return (.literal, String(decoding: bytes, as: UTF8.self))
    }

    private mutating func variable() -> (Token.Kind, String) {
        advance()
        while let byte = peek, Self.isWord(byte) || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
            advance()
            if byte == UInt8(ascii: "}") { break }
        }
        return (.mistake, Self.noVariables)
    }

    private mutating func control() -> (Token.Kind, String) {
        let code = peek.map { String($0, radix: 16, uppercase: true) } ?? ""
        advance()
        return (.mistake, "control character 0x\(code) can't stand in a rule")
    }

    private static let noVariables = "variables ('$') are not supported yet"

    // MARK: Characters

    private mutating func skipBlanks() {
        while let byte = peek {
            switch byte {
            case .newline:
                index += 1
                line += 1
                column = 1
                startsLine = true
            case UInt8(ascii: " "), .tab, .return, .formFeed:
                advance()
            case UInt8(ascii: "#"):
                while let other = peek, other != .newline { advance() }
            case UInt8(ascii: "\\") where isLineEnd(at: index + 1):
                // A rule goes on without it, too, so it means nothing.
                advance()
            default:
                return
            }
        }
    }

    /// Only blanks from there to the end of the line.
    private func isLineEnd(at start: Int) -> Bool {
        for byte in text[start...] {
            if byte == .newline { return true }
            guard byte == UInt8(ascii: " ") || byte == .tab || byte == .return else { return false }
        }
        return true
    }

    private var peek: UInt8? { index < text.count ? text[index] : nil }

    private var here: SourceLocation { SourceLocation(line: line, column: column) }

    /// Continuation bytes of UTF-8 don't begin a character.
    private mutating func advance() {
        index += 1
        if index >= text.count || text[index] & 0xC0 != 0x80 { column += 1 }
    }

    private static let signs = Set("=!<>{}(),;".utf8)

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    private static func isWord(_ byte: UInt8) -> Bool {
        !isControl(byte) && !signs.contains(byte) && !" #\"'$".utf8.contains(byte)
    }
}

extension UInt8 {
    fileprivate static let tab = UInt8(ascii: "\t")
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let `return` = UInt8(ascii: "\r")
    fileprivate static let formFeed: UInt8 = 0x0C
}
