// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import SystemPackage
import Testing

@testable import NetiDaemon

/// Log lines: their text, and that each is one write.
struct LogTests {
    @Test(arguments: [
        (Logger.Level.trace, "<7>text"), (.debug, "<7>text"), (.info, "<6>text"), (.notice, "<5>text"),
        (.warning, "<4>text"), (.error, "<3>text"), (.critical, "<2>text"),
    ])
    func streamGetsThePriority(level: Logger.Level, line: String) {
        #expect(LogLine(level: level, message: "text", metadata: [:]).forStream == line)
    }

    @Test func terminalGetsTimeLevelAndLabel() {
        let line = LogLine(level: .notice, message: "instance is up", metadata: ["netid": "1", "instance": "blue"])
        #expect(
            line.forTerminal(label: "neti", secondsSince1970: 1_795_255_200)
                == "2026-11-21T10:00:00Z notice neti: instance is up instance=blue netid=1")
        #expect(line.forTerminal(label: "neti", secondsSince1970: 0).hasPrefix("1970-01-01T00:00:00Z "))
    }

    @Test(arguments: [
        ("plain", "key=plain"), ("two words", "key=\"two words\""), ("", "key=\"\""), ("a=b", "key=\"a=b\""),
        ("a\"b", "key=\"a\\\"b\""), ("a\n<0>b", "key=\"a\\n<0>b\""), ("\u{1B}[2J", "key=\"\\u{1B}[2J\""),
        ("\u{9B}2J", "key=\"\\u{009B}2J\""), ("größe", "key=größe"),
    ])
    func valuesAreQuotedWhereNeeded(value: String, expected: String) {
        #expect(LogLine(level: .info, message: "m", metadata: ["key": .string(value)]).forStream == "<6>m \(expected)")
    }

    /// Whoever gets text into a message can't make it look like another line.
    @Test func messagesStayOnOneLine() {
        #expect(LogLine(level: .info, message: "a\n<0>b\u{1B}", metadata: [:]).forStream == "<6>a\\n<0>b\\u{1B}")
    }

    /// What the message names in quotes is not said again; for programs it is among the fields all the same.
    @Test func namedValuesAreNotRepeated() {
        let line = LogLine(
            level: .info, message: "instance 'blue' is up", metadata: ["instance": "blue", "netid": "1"])
        #expect(line.forStream == "<6>instance 'blue' is up netid=1")
        #expect(JournalEntry(line).fields.contains { $0 == ("INSTANCE", "blue") })
    }

    @Test func handlerWritesItsOwnAndTheCallsMetadata() throws {
        let pipe = try FileDescriptor.pipe()
        let level = LogLevelSwitch(.info)
        var logger = Logger(label: "neti") {
            JournalLogHandler(label: $0, level: level, style: .stream, output: pipe.writeEnd)
        }
        logger[metadataKey: "instance"] = "global"
        logger.debug("too much")
        logger.warning("full", metadata: ["queue": "7"])
        logger.logLevel = .debug
        logger.debug("enough", metadata: ["instance": "blue"])
        #expect(level.current == .info)
        try pipe.writeEnd.close()
        let text = try pipe.readEnd.closeAfter { try read(pipe.readEnd) }
        #expect(text == "<4>full instance=global queue=7\n<7>enough instance=blue\n")
    }

    /// One switch changes the level of all loggers, except those that were given their own.
    @Test func levelCanBeSwitched() {
        let level = LogLevelSwitch(.info)
        let logger = Logger(label: "a") { JournalLogHandler(label: $0, level: level) }
        var stubborn = Logger(label: "b") { JournalLogHandler(label: $0, level: level) }
        stubborn.logLevel = .error
        level.set(.trace)
        #expect(logger.logLevel == .trace)
        #expect(stubborn.logLevel == .error)
    }

    /// Lines of several threads don't mix: a packet socket keeps the borders between writes.
    @Test func lineIsOneWrite() throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        let (reader, writer) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
        let level = LogLevelSwitch(.info)
        let logger = Logger(label: "neti") {
            JournalLogHandler(label: $0, level: level, style: .stream, output: writer)
        }
        logger.info("first", metadata: ["a": "b c"])
        logger.info("second")
        #expect(try read(reader) == "<6>first a=\"b c\"\n")
        #expect(try read(reader) == "<6>second\n")
        try reader.close()
        try writer.close()
    }

    @Test func journalIsRecognised() throws {
        let pipe = try FileDescriptor.pipe()
        var status = stat()
        #expect(unsafe fstat(pipe.writeEnd.rawValue, &status) == 0)
        let own = "\(status.st_dev):\(status.st_ino)"
        #expect(JournalLogHandler.leadsToJournal(pipe.writeEnd, stream: own))
        for other in ["\(status.st_dev):\(status.st_ino + 1)", own + "0", "", ":", "x"] {
            #expect(!JournalLogHandler.leadsToJournal(pipe.writeEnd, stream: other))
        }
        #expect(!JournalLogHandler.leadsToJournal(pipe.writeEnd, stream: nil))
        try pipe.readEnd.close()
        try pipe.writeEnd.close()
        #expect(!JournalLogHandler.leadsToJournal(FileDescriptor(rawValue: -1), stream: own))
    }

    private func read(_ file: FileDescriptor) throws -> String {
        unsafe try String(unsafeUninitializedCapacity: 4_096) { room in
            unsafe try file.read(into: UnsafeMutableRawBufferPointer(room))
        }
    }
}
