// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import SystemPackage
import Testing

@testable import NetiDaemon

/// Entries of systemd's journal, and what becomes of them when it doesn't read.
struct JournalTests {
    @Test(arguments: [
        ("netid", "NETID"), ("hook", "HOOK"), ("instance", "INSTANCE"), ("path", "NETI_PATH"),
        ("message", "NETI_MESSAGE"), ("_PID", "NETI__PID"), ("queue-length", "NETI_QUEUE_LENGTH"),
        ("größe", "NETI_GR_SSE"),
        ("", "NETI_"), ("a=b\nPRIORITY", "NETI_A_B_PRIORITY"),
        (String(repeating: "k", count: 100), "NETI_" + String(repeating: "K", count: 59)),
    ])
    func keysBecomeFieldNames(key: String, name: String) {
        #expect(JournalEntry.name(key) == name)
    }

    @Test func entryHasMessagePriorityAndMetadata() throws {
        let line = LogLine(level: .warning, message: "queue is full", metadata: ["netid": "7", "uid": "0"])
        let fields = JournalEntry(line).fields
        #expect(
            fields.prefix(2).map { "\($0.name)=\($0.value)" } == ["MESSAGE=queue is full netid=7 uid=0", "PRIORITY=4"])
        #expect(fields.suffix(2).map { "\($0.name)=\($0.value)" } == ["NETID=7", "NETI_UID=0"])
        #expect(fields.contains { $0.name == "SYSLOG_IDENTIFIER" && !$0.value.isEmpty })
    }

    /// A value with a newline in it can't end its field early: its length says where it ends.
    @Test func newlinesCantForgeFields() {
        let line = LogLine(level: .info, message: "m\nPRIORITY=0", metadata: ["hook": "a\nPRIORITY=0"])
        let text = String(decoding: JournalEntry(line).bytes, as: UTF8.self)
        #expect(text.hasPrefix("MESSAGE=m\\nPRIORITY=0 hook=\"a\\nPRIORITY=0\"\nPRIORITY=6\n"))
        #expect(text.hasSuffix("HOOK\n\u{0C}\0\0\0\0\0\0\0a\nPRIORITY=0\n"))
    }

    /// The largest entry fits into a datagram, and what is cut stays text.
    @Test func longValuesAreCut() throws {
        let long = LogLine(
            level: .info, message: String(repeating: "ö", count: 100_000),
            metadata: ["parameters": .string(String(repeating: "x", count: 1_000_000))])
        let fields = JournalEntry(long).fields
        #expect(fields.allSatisfy { $0.value.utf8.count <= 32_768 })
        #expect(fields[0].value.hasSuffix("ö…") && fields[0].value.utf8.count > 32_000)
        let journal = try Journal()
        try JournalSocket(path: journal.path).write(JournalEntry(long))
        #expect(try journal.receive()?.isEmpty == true)
        #expect(try journal.receive() == JournalEntry(long).bytes)
    }

    @Test func handlerWritesEntries() throws {
        let journal = try Journal()
        let socket = try JournalSocket(path: journal.path)
        #expect(try journal.receive()?.isEmpty == true)
        let level = LogLevelSwitch(.info)
        let logger = Logger(label: "neti") {
            JournalLogHandler(label: $0, level: level, style: .journal(socket))
        }
        logger.debug("too much")
        logger.error("instance 'blue' can't come up", metadata: ["instance": "blue"])
        let text = String(decoding: try #require(try journal.receive()), as: UTF8.self)
        #expect(text.hasPrefix("MESSAGE=instance 'blue' can't come up\nPRIORITY=3\nSYSLOG_IDENTIFIER="))
        #expect(text.hasSuffix("\nINSTANCE=blue\n"))
    }

    /// Nothing waits for a journal that doesn't read; when it reads again, it hears how much it has missed.
    @Test func stalledJournalHoldsNobodyUp() throws {
        let journal = try Journal()
        let socket = try JournalSocket(path: journal.path)
        func entry(_ text: String) -> JournalEntry {
            JournalEntry(LogLine(level: .info, message: "\(text)", metadata: [:]))
        }
        let begin = ContinuousClock.now
        for number in 0..<10_000 { socket.write(entry("entry \(number)")) }
        #expect(begin.duration(to: .now) < .seconds(5))

        var arrived = 0
        while let entry = try journal.receive() { arrived += entry.isEmpty ? 0 : 1 }
        #expect(arrived > 0 && arrived < 10_000)
        socket.write(entry("afterwards"))
        let note = String(decoding: try #require(try journal.receive()), as: UTF8.self)
        #expect(
            note.hasPrefix(
                "MESSAGE=the journal didn't take \(10_000 - arrived) messages in time; they are lost\nPRIORITY=4\n"))
        let last = String(decoding: try #require(try journal.receive()), as: UTF8.self)
        #expect(last.hasPrefix("MESSAGE=afterwards\n"))
        #expect(try journal.receive() == nil)
    }

    @Test func withoutJournalThereIsNoSocket() {
        #expect(throws: Errno.noSuchFileOrDirectory) { try JournalSocket(path: "/nowhere/journal") }
    }
}

/// The journal's end, which reads when it is told to.
private struct Journal: ~Copyable {
    let path = "@neti-journal-\(getpid())-\(UInt64.random(in: 0...(.max)))"
    private let socket: DatagramSocket

    init() throws {
        socket = try DatagramSocket(path: path)
    }

    /// One entry that is there already; nil if none is.
    func receive() throws -> [UInt8]? {
        try socket.receiveBytes()
    }
}
