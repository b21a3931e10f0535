// SPDX-License-Identifier: Apache-2.0

import IPFilter

/// The rule language: text to rules, rules to text, and what is said about text that holds none.
struct RuleText: Surface {
    var isText: Bool { true }

    /// Keywords, signs, values of every clause, words that are refused by name, and text that is none.
    static let words = """
        pass block log count in out quick on eth0 lo inet inet6 family tos ttl 0 1 64 255 256 0x10 0xff proto tcp udp
        tcp/udp icmp ipv6-icmp 6 17 all from to any ! 192.0.2.1 198.51.100.0/24 203.0.113.7/32 192.0.2 192.0.2/24 mask
        255.255.255.0 0xffffff00 2001:db8::1 2001:db8::/32 ::/0 0/0 port = != < <= > >= >< <> eq ne lt gt le ge : 80
        1:1024 :80 80: 0 65535 65536 ssh domain syslog { } ( ) , ; {80,443} (192.0.2.1,192.0.2.2) flags S S/SA FUP/FSRPAU
        /FSRPAU 0x02/0x12 icmp-type echo unreach 8 code port-unr 3 body first or-block level local0.warn info with keep
        state head group skip return-rst dup-to @1 # \\ " ' $name \u{E9}\u{301} \u{1F600} \r \t \u{202E} and set auth
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { Array($0.utf8) }
        + [[0xFF], [0], [0xC3], [0x0D, 0x0A]]

    var words: [[UInt8]] { Self.words }

    func feed(_ input: [UInt8]) throws -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        switch Self.rules(of: text) {
        case .success(let rules):
            try Self.check(rules)
            return true
        case .failure(let error):
            try Self.check(error, of: text)
            return false
        }
    }

    private static func rules(of text: String) -> Result<[Rule], RuleErrors> {
        Result { () throws(RuleErrors) in try RuleSet.rules(of: text, file: "rules") }
    }
}

extension RuleText {
    /// Rules that lists may multiply into; more are only compiled.
    private static let mostPrinted = 1_000

    private static func check(_ rules: [Rule]) throws {
        let set = RuleSet(rules, logCapacity: 1)
        try require(set.rules == rules, "compiling changes the rules")
        for rule in rules {
            guard let interface = rule.interface else { continue }
            // `dev_valid_name` in net/core/dev.c.
            let isValid =
                (1...15).contains(interface.utf8.count)
                && !interface.utf8.contains { " /:\t\n\u{B}\u{C}\r".utf8.contains($0) }
            try require(isValid, "no interface can be called \(interface.debugDescription)")
        }
        let printed = rules.prefix(mostPrinted)
        let text = printed.map(\.description).joined(separator: "\n")
        let again: [Rule]
        switch Self.rules(of: text) {
        case .success(let rules): again = rules
        case .failure(let error): throw Violation(description: "what was written isn't read:\n\(error)")
        }
        try require(again.count == printed.count, "\(printed.count) rules are written as \(again.count):\n\(text)")
        for (rule, other) in zip(printed, again) {
            var other = other
            other.location = rule.location
            try require(rule == other, "'\(rule)' is read as '\(other)'")
        }
    }

    private static func check(_ refusal: RuleErrors, of text: String) throws {
        try require(!refusal.errors.isEmpty, "refused without an error")
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var last = SourceLocation(line: 1, column: 1)
        for error in refusal.errors {
            let place = error.location
            try require((1...lines.count).contains(place.line), "line \(place.line) of \(lines.count): \(error)")
            var line = String(decoding: Array(lines[place.line - 1]), as: UTF8.self)
            if line.last == "\r" { line.removeLast() }
            let columns = line.unicodeScalars.count + 1
            try require((1...columns).contains(place.column), "column \(place.column) of \(columns): \(error)")
            try require(
                error.sourceLine.unicodeScalars.count == line.unicodeScalars.count,
                "line \(place.line) is shown as \(error.sourceLine.debugDescription)")
            try require(place >= last, "errors are out of order: \(error)")
            try require(!error.message.isEmpty && !error.message.contains("\n"), "the message is no line: \(error)")
            try require(error.description.hasPrefix("rules:\(place.line):\(place.column): "), "\(error)")
            last = place
        }
    }
}
