// SPDX-License-Identifier: Apache-2.0

/// Reads the rules of a file.
///
/// The file level is here: where a rule begins and ends, and how to go on after a mistake. The clauses of a rule are in
/// the extensions, in the order in which they stand in a rule; each new clause of the language is one more of them.
struct Parser {
    private(set) var complaints: [Complaint] = []
    var tried: [String] = []
    var lastClause: Clause = .start
    let services: ServiceNames

    private let tokens: [Token]
    private var index = 0

    /// Mistakes after which the rest of the file isn't looked at any more.
    private static let maximumComplaints = 100

    /// Rules of a file, lists multiplied out.
    private static let maximumRules = 1_000_000

    /// Rules that the lists of one condition multiply into: each packet may meet them all.
    private static let maximumConditionRules = 1_000

    init(_ text: [UInt8], services: ServiceNames) {
        tokens = Lexer.tokens(of: text)
        self.services = services
    }

    /// All rules, in order. If there are ``complaints`` afterwards, they are worth nothing.
    mutating func parseFile() -> [Rule] {
        var rules: [Rule] = []
        var interfaces: Set<String> = []
        while peek.kind != .end {
            if accept(sign: ";") { continue }
            let start = index
            do throws(Complaint) {
                let more = try parseRule(room: Self.maximumRules - rules.count)
                interfaces.formUnion(more.compactMap(\.interface))
                guard interfaces.count < InterfaceSlots.maximumCount else {
                    throw Complaint(location: tokens[start].location, message: "the rules name too many interfaces")
                }
                rules += more
            } catch {
                complaints.append(error)
                guard complaints.count < Self.maximumComplaints else { break }
                recover(from: start)
            }
        }
        return rules
    }

    private mutating func parseRule(room: Int) throws(Complaint) -> [Rule] {
        lastClause = .start
        tried = []
        try refuseOtherStatements()
        var draft = try parseActionAndDirection()
        try parseOptions(&draft)
        try parseTests(&draft)
        try expectEndOfRule()
        return try draft.expanded(room: room)
    }

    /// One condition: what stands behind the direction of a rule, without `log` and `quick`, and nothing after it.
    mutating func parseCondition() throws(Complaint) -> [Rule] {
        guard peek.kind != .end else { throw complaint("expected a condition such as 'proto udp', found nothing") }
        lastClause = .direction
        var draft = RuleDraft(Rule(.pass, .in, location: peek.location))
        if accept("on") { try parseInterfaces(&draft) }
        try parseTests(&draft)
        if let word = peek.keyword, word == "log" || word == "quick" {
            throw complaint("'\(word)' is for rules, not for a condition")
        }
        tried.append("the end")
        guard peek.kind == .end else { throw unexpected() }
        return try draft.expanded(room: Self.maximumConditionRules)
    }

    private mutating func parseTests(_ draft: inout RuleDraft) throws(Complaint) {
        try parseHeaderTests(&draft)
        try parseAddresses(&draft)
        try parseFlags(&draft)
        try parseICMP(&draft)
    }

    /// What may stand at the beginning of a rule in the language, but not here.
    private func refuseOtherStatements() throws(Complaint) {
        guard let word = peek.keyword else { return }
        if word.hasPrefix("@") { throw complaint("a place for the rule ('@N') is not supported yet") }
        if word.allSatisfy(\.isNumber) { throw complaint("a collection number before a rule is not supported yet") }
        if word == "set" { throw complaint("'set' is not supported yet") }
        if peekAhead(1).text == "=", peekAhead(1).kind == .sign {
            throw complaint("variables ('\(peek.text)=') are not supported yet")
        }
    }

    private mutating func expectEndOfRule() throws(Complaint) {
        if accept(sign: ";") { return }
        if peek.kind == .end || beginsRule(at: index) { return }
        if peek.startsLine, let word = peek.keyword, Clause(word) == nil,
            UnsupportedWords.message(for: word, next: nil) == nil
        {
            return
        }
        if peek.kind == .sign, peek.text == "{" || peek.text == "}" {
            throw complaint("rules in braces are not supported yet")
        }
        tried.append("the next rule")
        throw unexpected()
    }

    // MARK: Going on after a mistake

    /// Skips to where the next rule probably begins: at a word that begins one, first in its line or behind a `;`.
    private mutating func recover(from start: Int) {
        if index == start { index += 1 }
        while peek.kind != .end {
            if accept(sign: ";") { return }
            if peek.startsLine, beginsRule(at: index) || looksLikeRule(at: index) { return }
            index += 1
        }
    }

    /// A misspelt action: something followed by a direction.
    private func looksLikeRule(at index: Int) -> Bool {
        let next = token(at: index + 1).keyword
        return next == Rule.Direction.in.rawValue || next == Rule.Direction.out.rawValue
    }

    /// Whether the `log` that is next begins a rule.
    var logBeginsRule: Bool { beginsRule(at: index) }

    /// Whether a rule begins with that token. `log` is an action if a direction follows it and its options.
    private func beginsRule(at index: Int) -> Bool {
        guard let word = token(at: index).keyword else { return false }
        switch word {
        case "log":
            var next = index + 1
            while let option = token(at: next).keyword, ["body", "first", "or-block", "level"].contains(option) {
                next += option == "level" ? 2 : 1
            }
            return looksLikeRule(at: next - 1)
        case "pass", "block", "count", "auth", "preauth", "call", "nomatch", "decapsulate", "set":
            return true
        case "skip":
            return token(at: index + 1).keyword?.allSatisfy(\.isNumber) ?? false
        default:
            return word.hasPrefix("@") || (token(at: index).startsLine && word.allSatisfy(\.isNumber))
        }
    }
}

// MARK: - Tokens

extension Parser {
    /// The next token.
    var peek: Token { token(at: index) }

    func peekAhead(_ count: Int) -> Token { token(at: index + count) }

    private func token(at index: Int) -> Token {
        tokens[min(index, tokens.count - 1)]
    }

    /// Takes the next token.
    mutating func take() -> Token {
        let token = peek
        index = min(index + 1, tokens.count - 1)
        tried = []
        return token
    }

    /// Takes the next token if it is that keyword; remembers it for the message if not.
    mutating func accept(_ keyword: String) -> Bool {
        tried.append("'\(keyword)'")
        guard peek.keyword == keyword else { return false }
        _ = take()
        return true
    }

    /// Takes the next token if it is that sign.
    mutating func accept(sign: String) -> Bool {
        guard peek.kind == .sign, peek.text == sign else { return false }
        _ = take()
        return true
    }

    /// Takes a word or quoted text that is a name or number here, whatever it would mean elsewhere.
    mutating func takeValue(_ what: String) throws(Complaint) -> Token {
        tried.append(what)
        guard peek.kind == .word || peek.kind == .literal else { throw unexpected() }
        return take()
    }

    // MARK: Messages

    /// A message about the next token.
    func complaint(_ message: String) -> Complaint {
        Complaint(location: peek.location, message: message)
    }

    /// The next token can't stand here: says why, or what could.
    func unexpected() -> Complaint {
        if peek.kind == .mistake { return complaint(peek.text) }
        if let word = peek.keyword {
            if let message = UnsupportedWords.message(for: word, next: peekAhead(1).keyword) {
                return complaint(message)
            }
            if let clause = Clause(word), lastClause >= clause {
                return complaint(
                    clause == lastClause ? "'\(word)' is given twice" : "'\(word)' must come before \(lastClause)")
            }
        }
        var alternatives: [String] = []
        for word in tried where !alternatives.contains(word) { alternatives.append(word) }
        let last = alternatives.popLast() ?? "a rule"
        let expected = alternatives.isEmpty ? last : alternatives.joined(separator: ", ") + " or " + last
        return complaint("expected \(expected), found \(peek.quoted)")
    }
}

/// The clauses of a rule in the order in which they must stand.
enum Clause: Int, Comparable, CustomStringConvertible {
    case start, direction, options, family, trafficClass, hopLimit, proto, addresses, flags, icmp

    init?(_ word: String) {
        switch word {
        case "log", "quick", "on": self = .options
        case "inet", "inet6", "family": self = .family
        case "tos": self = .trafficClass
        case "ttl": self = .hopLimit
        case "proto": self = .proto
        case "all", "from": self = .addresses
        case "flags": self = .flags
        case "icmp-type": self = .icmp
        default: return nil
        }
    }

    static func < (left: Clause, right: Clause) -> Bool { left.rawValue < right.rawValue }

    var description: String {
        switch self {
        case .start, .direction: "the direction"
        case .options: "'log', 'quick' and 'on'"
        case .family: "the family"
        case .trafficClass: "'tos'"
        case .hopLimit: "'ttl'"
        case .proto: "'proto'"
        case .addresses: "the addresses"
        case .flags: "'flags'"
        case .icmp: "'icmp-type'"
        }
    }
}
