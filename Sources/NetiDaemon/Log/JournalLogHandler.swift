// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Logging
public import SystemPackage

/// Writes log lines to a file descriptor, each with one write(2) so that threads don't mix theirs.
///
/// Under systemd, whose journal knows the time and the program, a line is `<6>message key=value` with the priority of
/// syslog(3) in front (sd-daemon(3)); elsewhere it is `2026-11-21T10:00:00Z info neti: message key=value`.
public struct JournalLogHandler: LogHandler {
    /// Who reads the lines.
    public enum Style: Sendable {
        /// systemd's journal.
        case journal
        /// A person.
        case terminal
    }

    /// Least severe level that is written: the process's own, unless this logger was given another.
    public var logLevel: Logger.Level {
        get { ownLevel ?? processLevel.current }
        set { ownLevel = newValue }
    }

    /// Keys and values that every line of this logger carries.
    public var metadata: Logger.Metadata = [:]

    /// Keys and values of the task at hand.
    public var metadataProvider: Logger.MetadataProvider?

    private var ownLevel: Logger.Level?
    private let processLevel: LogLevelSwitch
    private let label: String
    private let style: Style
    private let output: FileDescriptor

    /// Writes to standard error, in the journal's style if that is where it leads.
    public init(label: String, level: LogLevelSwitch) {
        self.init(label: label, level: level, style: Self.leadsToJournal(.standardError) ? .journal : .terminal)
    }

    /// Writes to a descriptor, which stays open and the caller's.
    public init(
        label: String, level: LogLevelSwitch = LogLevelSwitch(.info), style: Style,
        output: FileDescriptor = .standardError
    ) {
        processLevel = level
        self.label = label
        self.style = style
        self.output = output
    }

    /// A key that every line of this logger carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line; one that can't be written is lost.
    public func log(event: LogEvent) {
        var all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }
        if let error = event.error { all["error"] = .string(String(describing: error)) }
        all.merge(event.metadata ?? [:]) { $1 }
        let line = LogLine(level: event.level, message: event.message.description, metadata: all)
        let text =
            switch style {
            case .journal: line.forJournal
            case .terminal: line.forTerminal(label: label, secondsSince1970: time(nil))
            }
        _ = try? output.writeAll((text + "\n").utf8)
    }

    /// Whether `JOURNAL_STREAM`, `DEVICE:INODE`, names what the descriptor leads to (systemd.exec(5)).
    static func leadsToJournal(_ output: FileDescriptor, stream: String? = environment("JOURNAL_STREAM")) -> Bool {
        var status = stat()
        guard let stream, unsafe fstat(output.rawValue, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
