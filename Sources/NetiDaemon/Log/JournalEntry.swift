// SPDX-License-Identifier: Apache-2.0

import Logging
import SystemPackage

/// An entry of systemd's journal: fields by which `journalctl` finds it again, as in `journalctl -u neti INSTANCE=blue`.
struct JournalEntry {
    /// Names and values in their order.
    private(set) var fields: [(name: String, value: String)]

    /// Longest message, and longest value of another field; an entry has to fit into a datagram.
    private static let longestMessage = 32_768
    private static let longestValue = 8_192

    /// Keys whose names are ours to give: what the project calls them is what one looks for.
    private static let ownNames = ["hook": "HOOK", "instance": "INSTANCE", "netid": "NETID"]

    /// The name of this program as syslog(3) would have it.
    private static let identifier = FilePath(CommandLine.arguments.first ?? "").lastComponent?.string ?? "neti-daemon"

    /// What a log line says, for a person as the message and for programs as fields.
    init(_ line: LogLine) {
        fields = [
            ("MESSAGE", line.text.cut(to: Self.longestMessage)), ("PRIORITY", "\(line.level.priority)"),
            ("SYSLOG_IDENTIFIER", Self.identifier),
        ]
        for (key, value) in line.metadata.sorted(by: { $0.key < $1.key }) {
            fields.append((Self.name(key), value.description.cut(to: Self.longestValue)))
        }
    }

    /// That entries before this one are missing.
    static func lost(_ count: Int) -> JournalEntry {
        let message = "the journal didn't take \(count) messages in time; they are lost"
        return JournalEntry(LogLine(level: .warning, message: message, metadata: [:]))
    }

    /// The name of a field: upper-case letters, digits and underscores, 64 at most. What is not ours to name gets a
    /// prefix, so that nobody's key can pass for a field that means something to the journal.
    static func name(_ key: String) -> String {
        if let own = ownNames[key] { return own }
        let letters = key.uppercased().unicodeScalars.map { scalar in
            ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
        }
        return String(("NETI_" + letters).prefix(64))
    }

    /// The datagram: `NAME=value` lines, and for a value with a newline in it `NAME`, a newline, the value's length in
    /// eight bytes, lowest first, and the value.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            bytes += Array(name.utf8)
            let value = Array(value.utf8)
            if value.contains(UInt8(ascii: "\n")) {
                bytes.append(UInt8(ascii: "\n"))
                for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(value.count >> shift & 0xFF)) }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}

extension String {
    /// As much of the text as fits into so many bytes, with `…` behind it when that isn't all.
    fileprivate func cut(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var length = 0
        let scalars = unicodeScalars.prefix { scalar in
            length += UTF8.width(scalar)
            return length <= bytes - 3
        }
        return String(scalars) + "…"
    }
}
