// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Keeps what was logged, to be asked afterwards.
final class LogRecorder: Sendable {
    struct Entry: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let kept = Mutex<[Entry]>([])

    var entries: [Entry] { kept.withLock { $0 } }

    var logger: Logger {
        Logger(label: "control") { _ in Handler(recorder: self) }
    }

    /// For what is not asked afterwards.
    static var discarding: Logger {
        Logger(label: "control") { _ in SwiftLogNoOpLogHandler() }
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let entry = Entry(level: event.level, message: "\(event.message)", metadata: event.metadata ?? [:])
            recorder.kept.withLock { $0.append(entry) }
        }
    }
}
