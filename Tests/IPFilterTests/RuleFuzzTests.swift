// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Testing

/// Whatever is thrown at the parser, it ends: with rules that survive their canonical form, or with errors that lie in
/// the text.
struct RuleFuzzTests {
    private static let words = [
        "pass", "block", "log", "count", "in", "out", "quick", "on", "eth0", "inet", "inet6", "family", "tos", "ttl",
        "proto", "tcp", "udp", "tcp/udp", "icmp", "all", "from", "to", "any", "port", "=", "!=", "<", ">", "<=", ">=",
        "><", "<>", ":", "1:2", "22", "0", "65535", "65536", "0x10", "flags", "S/SA", "icmp-type", "echo", "code",
        "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "mask", "255.255.0.0", "!", "{", "}", "(", ")", ",", ";", "#",
        "\n", "\\", "\"", "'", "$", "@1", "keep", "state", "with", "body", "level", "local0.info", "é", "\u{0}",
    ]

    private static let rules = [
        "pass in quick on eth0 inet proto tcp from 192.0.2.0/24 port > 1023 to any port = 22 flags S/SA",
        "block out log body first or-block level local0.warn proto udp from !2001:db8::/32 to any port 5 >< 9",
        "block in inet6 tos 0x10 ttl 64 proto ipv6-icmp all icmp-type echo code 0 # comment\n count in all;",
        "pass in on {eth0, eth1} from {192.0.2.1 192.0.2.2} to 198.51.100.7 mask 255.255.255.0 port = (22, 80:90)",
        "log in quick \\\n from \"192.0.2.1\" to !any",
    ]

    /// Reads the text; true if it was accepted.
    private func read(_ text: String) -> Bool {
        do throws(RuleErrors) {
            for rule in try RuleSet.rules(of: text, file: "fuzz") {
                var again = try RuleSet.rules(of: rule.description, file: "again")
                if let first = again.indices.first { again[first].location = rule.location }
                #expect(again == [rule], "\(rule)")
            }
            return true
        } catch {
            let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            var previous = SourceLocation(line: 1, column: 1)
            for error in error.errors {
                #expect(error.location.line <= lines.count, "\(error)")
                #expect(error.location >= previous, "\(error)")
                #expect(!error.message.isEmpty && !error.message.contains("\n"), "\(error)")
                previous = error.location
            }
            #expect(!error.errors.isEmpty)
            return false
        }
    }

    @Test(arguments: UInt64(0)..<4)
    func randomBytes(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...60, using: &generator)
            _ = read(
                String(decoding: (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, as: UTF8.self))
        }
    }

    @Test(arguments: UInt64(0)..<4)
    func randomWords(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...15, using: &generator)
            let start = generator.chance(2) ? ["pass", "in"] : []
            let text = (start + (0..<count).map { _ in generator.pick(Self.words) }).joined(separator: " ")
            if read(text) { accepted += 1 }
        }
        #expect(accepted > 10)
    }

    @Test(arguments: rules)
    func changedRules(_ rule: String) {
        var generator = SeededGenerator(seed: 42)
        #expect(read(rule))
        var accepted = 0
        for _ in 0..<2_000 {
            var bytes = Array(rule.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: Array(generator.pick(Self.words).utf8), at: place)
                }
            }
            if read(String(decoding: bytes, as: UTF8.self)) { accepted += 1 }
        }
        #expect(accepted > 10)
    }

    @Test(arguments: rules)
    func everyCut(_ rule: String) {
        for length in 0...rule.utf8.count { _ = read(String(decoding: rule.utf8.prefix(length), as: UTF8.self)) }
    }

    /// Thousands of lines are read in a time that grows with their number only.
    @Test func largeFile() throws {
        let text = (0..<20_000).map {
            "block in quick proto tcp from 10.\($0 / 256 % 256).\($0 % 256).0/24 to any port = 22"
        }
        #expect(try RuleSet.rules(of: text.joined(separator: "\n"), file: "large").count == 20_000)
    }
}
