// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import Synchronization
import Testing

@testable import NetiDaemon

/// What is told of packets that were lost.
struct LossReportTests {
    private final class Lines: Sendable {
        let texts = Mutex<[String]>([])
    }

    /// Keeps what is logged.
    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.texts.withLock { $0.append("\(event.message)") }
        }
    }

    @Test("What passed unseen is told once, and from the beginning in a namespace that has come again")
    func unseen() throws {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Handler(lines: lines) }
        var report = LossReport()
        /// How many packets are told of when that many have passed.
        func told(_ passed: UInt64?) -> String? {
            let figures = passed.map {
                LossReport.Figures(name: "blue", netid: NetID(rawValue: 7), passedUnseen: $0, queues: [])
            }
            report.look(at: figures.map { [$0] } ?? [], logger: logger)
            return lines.texts.withLock { texts in
                defer { texts = [] }
                return texts.first?.split(separator: " ").dropFirst(5).first.map(String.init)
            }
        }
        #expect(told(0) == nil)
        #expect(told(100) == "100")
        #expect(told(100) == nil)
        #expect(told(130) == "30")
        #expect(told(nil) == nil)
        #expect(told(20) == "20")
    }
}
