// SPDX-License-Identifier: Apache-2.0

/// How long names of kstats are: `KSTAT_STRLEN` less the terminator.
enum KstatName {
    static let maximumLength = 30

    /// The part of a module's, kstat's, class's or field's name that counts (R174, kstat(9S)).
    static func significant(_ name: String) -> String {
        prefix(of: name, bytes: maximumLength)
    }

    /// As much of `text` as fits, not cutting a character of it in two.
    static func prefix(of text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            length += String(scalar).utf8.count
            if length > limit { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
