// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging

/// The text of a log line, without the newline.
struct LogLine {
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    /// `<6>message key=value`
    var forStream: String { "<\(level.priority)>\(text)" }

    /// `2026-11-21T10:00:00Z info neti: message key=value`
    func forTerminal(label: String, secondsSince1970 seconds: time_t) -> String {
        "\(Self.date(seconds)) \(level) \(label): \(text)"
    }

    /// The message with its keys in order, but for values that the message names in quotes. Control characters are
    /// escaped: what a packet or peer has put into a message must not look like a line of its own or steer a terminal.
    var text: String {
        metadata.sorted { $0.key < $1.key }.reduce(into: message.withoutControls) { text, entry in
            let value = entry.value.description
            if message.contains("'\(value)'") { return }
            let isPlain = value.isWord && !value.contains("\"") && !value.contains("=")
            text += " \(entry.key.withoutControls)=\(isPlain ? value : value.quoted.withoutControls)"
        }
    }

    /// Universal time as in RFC 3339, section 5.6.
    private static func date(_ seconds: time_t) -> String {
        var seconds = seconds
        var parts = unsafe tm()
        guard unsafe gmtime_r(&seconds, &parts) != nil else { return "-" }
        return unsafe String(unsafeUninitializedCapacity: 32) { room in
            unsafe room.withMemoryRebound(to: CChar.self) { room in
                unsafe strftime(room.baseAddress, room.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
            }
        }
    }
}

extension Logger.Level {
    /// The priority of syslog(3).
    var priority: Int32 {
        switch self {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}

extension String {
    /// The text with its control characters written as escapes.
    fileprivate var withoutControls: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            text += scalar.isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}
