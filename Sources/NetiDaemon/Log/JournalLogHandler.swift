// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Logging
import SystemPackage

/// Writes log lines where they are looked for.
///
/// Under systemd they are entries of its journal with their keys and values as fields, so that `journalctl NETID=1`
/// finds them, and writing never waits for the journal. Where the journal can't be reached in this way a line is
/// `<6>message key=value` on standard error, with the priority of syslog(3) in front (sd-daemon(3)). Elsewhere it is
/// `2026-11-21T10:00:00Z info neti: message key=value`. Each is one write(2), so that threads don't mix theirs.
public struct JournalLogHandler: LogHandler {
    /// Who reads the lines.
    enum Style: Sendable {
        /// systemd's journal, which takes entries with fields.
        case journal(JournalSocket)
        /// Somebody who takes lines with priorities.
        case stream
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

    /// Writes to the journal if standard error leads there, else to standard error.
    public init(label: String, level: LogLevelSwitch) {
        self.init(label: label, level: level, style: Self.styleOfStandardError)
    }

    /// Writes to a descriptor, which stays open and the caller's.
    init(
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
        let text: String
        switch style {
        case .journal(let journal): return journal.write(JournalEntry(line))
        case .stream: text = line.forStream
        case .terminal: text = line.forTerminal(label: label, secondsSince1970: time(nil))
        }
        _ = try? output.writeAll((text + "\n").utf8)
    }

    private static var styleOfStandardError: Style {
        guard leadsToJournal(.standardError) else { return .terminal }
        do throws(Errno) {
            return .journal(try JournalSocket())
        } catch {
            return .stream
        }
    }

    /// Whether `JOURNAL_STREAM`, `DEVICE:INODE`, names what the descriptor leads to (systemd.exec(5)).
    static func leadsToJournal(_ output: FileDescriptor, stream: String? = environment("JOURNAL_STREAM")) -> Bool {
        var status = stat()
        guard let stream, unsafe fstat(output.rawValue, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
