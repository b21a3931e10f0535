// SPDX-License-Identifier: Apache-2.0

/// Words of the language that this filter doesn't know how to act on.
///
/// A rule that has one is refused by its name: a `pass` that lost its condition would be a hole.
enum UnsupportedWords {
    /// Words that are to come.
    private static let notYet: Set<String> = [
        "return-rst", "return-icmp", "return-icmp-as-dest", "with", "and", "head", "group", "pps", "age", "set-tag",
        "rule-ttl", "comment", "out-via", "in-via", "bpf-v4", "bpf-v6", "exp", "pool", "hash", "auth", "preauth",
    ]

    /// Words with the reason why they won't come.
    private static let never: [String: String] = [
        "call": "built-in functions can't be called",
        "skip": "rules can't be jumped over; use 'quick'",
        "nomatch": "a match can't be forgotten; order the rules instead",
        "decapsulate": "tunnels are not looked into",
        "route-to": "packets can't be rerouted",
        "dup-to": "packets can't be copied to an interface",
        "reply-to": "packets can't be rerouted",
        "fastroute": "forwarding is the kernel's business",
        "match-tag": "address translation is not part of this filter",
        "tag": "address translation is not part of this filter",
    ]

    /// The message for a word, nil if it isn't one of them.
    ///
    /// - Parameter next: the word behind it, for `keep state`.
    static func message(for word: String, next: String?) -> String? {
        if word == "keep" {
            let name = [word, next].compactMap(\.self).joined(separator: " ")
            return "'\(name)' is not supported yet"
        }
        if notYet.contains(word) { return "'\(word)' is not supported yet" }
        return never[word].map { "'\(word)' is not supported: \($0)" }
    }
}
