// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import NetiControl
import Testing

@testable import neti_ctl

/// `neti-ctl monitor`: its lines, and how it ends.
struct MonitorCommandTests {
    private static let lines = [
        "2025-10-09T08:53:20.000Z  ready",
        "2025-10-09T08:53:20.123Z  instance      blue      up, netid 1",
        "2025-10-09T08:53:21.000Z  instance      green     failed: queue 100 belongs to process 7",
        "2025-10-09T08:53:22.000Z  notification  blue      register inet",
        "2025-10-09T08:53:23.000Z  notification  blue      unregister inet PHYSICAL_IN",
        "2025-10-09T08:53:24.000Z  notification  blue      register inet6 PHYSICAL_IN filter",
        "2025-10-09T08:53:25.000Z  nic           global    NE_PLUMB inet veth0 index 2",
        "2025-10-09T08:53:26.000Z  nic           global    NE_ADDRESS_CHANGE inet6 veth0 index 2 lif 1 2001:db8::1",
        "2025-10-09T08:53:27.000Z  nic           global    NE_IFINDEX_CHANGE inet ? index 2 new index 7",
        "2025-10-09T08:53:28.000Z  kstat         blue      created inet:0:PHYSICAL_IN",
        "2025-10-09T08:53:29.000Z  kstat         blue      changed inet:0:PHYSICAL_IN:events 9 -> 18446744073709551615",
        "2025-10-09T08:53:30.000Z  kstat         blue      deleted inet:0:PHYSICAL_IN",
        "2025-10-09T08:53:31.000Z  lost          17 events",
    ]

    @Test func eachEventIsALineInColumns() {
        var rendering = MonitorRendering()
        #expect(Samples.events.map { rendering.line($0) } == Self.lines)
    }

    @Test func aLongNameMovesTheColumnForGood() {
        var rendering = MonitorRendering()
        let names = ["a", "a-name-of-14-ch", "b"]
        let lines = names.map { rendering.line(.state(.gone, netid: 1, instance: $0, time: 0)) }
        #expect(
            lines == [
                "1970-01-01T00:00:00.000Z  instance      a         gone, netid 1",
                "1970-01-01T00:00:00.000Z  instance      a-name-of-14-ch  gone, netid 1",
                "1970-01-01T00:00:00.000Z  instance      b                gone, netid 1",
            ])
    }

    @Test func namesFromOutsideCannotSteerTheTerminal() throws {
        let notification = Monitor.Notification(
            command: .register, family: "inet", event: "e\u{1b}[2J", hook: "h\nx\u{202e}")
        let event = Monitor.Event.notification(notification, netid: 1, instance: "i\u{9b}\t", time: 0)
        var rendering = MonitorRendering()
        #expect(
            rendering.line(event) == "1970-01-01T00:00:00.000Z  notification  i??       register inet e?[2J h?x?")
        let json = try jsonLine(event)
        #expect(json.unicodeScalars.allSatisfy { $0.isPrintable })
        #expect(try JSONDecoder().decode(Monitor.Event.self, from: Data(json.utf8)) == event)
    }

    @Test func anEventOfANewerDaemonIsStillALine() throws {
        let event = try JSONDecoder().decode(
            Monitor.Event.self, from: Data(#"{"time":0,"netid":1,"instance":"blue","newer":{}}"#.utf8))
        var rendering = MonitorRendering()
        #expect(
            rendering.line(event) == "1970-01-01T00:00:00.000Z  unknown       blue      an event of a newer daemon")
    }

    @Test func optionsBecomeTheCall() throws {
        #expect(try MonitorCommand.parse([]).call == Monitor())
        #expect(
            try MonitorCommand.parse(["--kind", "nic", "-k", "kstat", "-i", "blue"]).call
                == Monitor(kinds: [.nic, .kstat], instance: "blue"))
    }

    /// What it tells of all samples, and its end when it is interrupted.
    private func monitor(_ arguments: String...) async throws -> (lines: [String], result: ProgramResult) {
        let backend = FakeBackend()
        return try await withServer(backend) { path in
            try await onThread {
                let program = try LastingProgram([try netiCtlPath(), "monitor", "--socket", path] + arguments)
                var lines = [try #require(program.line())]
                for event in Samples.events {
                    // Each line is there before the next event: nothing waits in a buffer.
                    backend.post([event])
                    lines.append(try #require(program.line()))
                }
                program.interrupt()
                return (lines, try program.result())
            }
        }
    }

    @Test func interruptedItHasTheStatusZero() async throws {
        let (lines, result) = try await monitor("--kind", "nic")
        #expect(lines.first?.hasSuffix("Z  ready") == true)
        #expect(Array(lines.dropFirst()) == Self.lines)
        #expect(result == ProgramResult(status: 0, output: "", errors: ""))
    }

    @Test func jsonIsOneObjectALine() async throws {
        let (lines, result) = try await monitor("--json")
        let events = try lines.map { try JSONDecoder().decode(Monitor.Event.self, from: Data($0.utf8)) }
        #expect(events.first?.ready == true)
        #expect(Array(events.dropFirst()) == Samples.events)
        #expect(
            lines[2] == #"{"instance":"blue","netid":1,"state":"up","time":1760000000123456}"#)
        #expect(result == ProgramResult(status: 0, output: "", errors: ""))
    }

    @Test func whenTheDaemonGoesItSaysSoWithStatusOne() async throws {
        let program = try await withServer { path in
            try await onThread {
                let program = try LastingProgram([try netiCtlPath(), "monitor", "--socket", path])
                #expect(program.line()?.hasSuffix("ready") == true)
                return program
            }
        }
        let result = try await onThread { try program.result() }
        #expect(result == ProgramResult(status: 1, output: "", errors: "neti-ctl: the daemon closed the connection\n"))
    }

    @Test func whatTheDaemonRefusesIsOneLineAndStatusOne() async throws {
        var limits = ControlServer.Limits()
        limits.monitors = 0
        let result = try await withServer(limits: limits) { path in
            try await run([try netiCtlPath(), "monitor", "--socket", path])
        }
        #expect(
            result
                == ProgramResult(
                    status: 1, output: "", errors: "neti-ctl: 0 clients are monitoring, no more may\n"))
    }

    @Test(arguments: ["monitor", "kstat", "kstat -p", "instance list", "hook list --json", "kstat 1"])
    func whenStandardOutputTakesNoMoreItEndsWithStatusOne(command: String) async throws {
        let result = try await withServer { path in
            let options = command == "kstat 1" ? "kstat --socket \(path) 1" : "\(command) --socket \(path)"
            return try await run(["sh", "-c", "exec \(try netiCtlPath()) \(options) > /dev/full"])
        }
        #expect(
            result == ProgramResult(status: 1, output: "", errors: "neti-ctl: can't write to standard output\n"))
    }

    /// Nothing happens that it could tell, and the time for which it would sleep is long.
    @Test(arguments: [
        ("monitor", "head -n 1"), ("monitor --json", "head -n 1"), ("kstat -l 3600", "head -n 1"),
        ("top --batch --interval 3600", "true"), ("capture", "head -c 1"),
    ])
    func whenItsReaderGoesItEndsAtOnce(command: String, reader: String) async throws {
        let start = ContinuousClock.now
        let result = try await withServer { path in
            let program = try netiCtlPath()
            return try await run([
                "timeout", "--kill-after=1", "20", "sh", "-c",
                "NETI_SOCKET=\(path) \(program) \(command) | \(reader)",
            ])
        }
        #expect(result.status == 0)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
