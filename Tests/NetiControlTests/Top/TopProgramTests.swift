// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import NetiControl
import Testing

@testable import neti_ctl

/// `neti-ctl top` as a user runs it, on a terminal and without one.
struct TopProgramTests {
    private static let begin = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l"
    private static let end = "\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"

    private func onTerminal(
        _ socket: String, _ arguments: [String] = [], _ body: @escaping @Sendable (PseudoTerminal) throws -> Void
    ) async throws {
        let program = try netiCtlPath()
        try await onThread {
            let terminal = try PseudoTerminal(
                [program, "top", "--socket", socket, "-i", "0.2"] + arguments,
                environment: ["TERM=xterm", "LANG=C.UTF-8"], width: 100, height: 20)
            try body(terminal)
        }
    }

    @Test func keysChangeTheViewAndQuit() async throws {
        try await withServer { socket in
            try await onTerminal(socket) { terminal in
                #expect(terminal.shows(Self.begin))
                #expect(terminal.shows("2 instances, 3 hooks"))
                #expect(!terminal.isAsBefore)
                terminal.type("3")
                #expect(terminal.shows("MODULE"))
                terminal.type("?")
                #expect(terminal.shows("any key leads back"))
                terminal.type(" /blu\r")
                #expect(terminal.shows("filter: "))
                terminal.resize(width: 60, height: 10)
                #expect(terminal.shows("q quit   ? help   1 2 3 view   < > r sort   / filter   p pau\u{1b}[0m"))
                terminal.type("q")
                #expect(terminal.shows(Self.end))
                #expect(terminal.ending() == 0)
                #expect(terminal.isAsBefore)
            }
        }
    }

    @Test(
        "The terminal is given back whatever ends the program", arguments: [SIGTERM, SIGHUP, SIGSEGV, SIGTRAP, SIGINT])
    func signals(signal: Int32) async throws {
        try await withServer { socket in
            try await onTerminal(socket) { terminal in
                #expect(terminal.shows(Self.begin))
                #expect(terminal.shows("received"))
                if signal == SIGINT { terminal.type("\u{3}") } else { terminal.send(signal) }
                #expect(terminal.shows(Self.end))
                #expect(terminal.ending() == (signal == SIGINT ? 0 : -signal))
                #expect(terminal.isAsBefore)
            }
        }
    }

    @Test func theShellHasTheTerminalWhileItIsStopped() async throws {
        try await withServer { socket in
            try await onTerminal(socket) { terminal in
                #expect(terminal.shows("received"))
                terminal.type("\u{1a}")
                #expect(terminal.isStopped())
                #expect(terminal.isAsBefore)
                #expect(terminal.shows(Self.end))
                terminal.send(SIGCONT)
                #expect(terminal.shows(Self.begin))
                #expect(terminal.shows("received"))
                #expect(!terminal.isAsBefore)
                terminal.type("q")
                #expect(terminal.ending() == 0)
                #expect(terminal.isAsBefore)
            }
        }
    }

    @Test func itWaitsForADaemonThatWentButNotForOneThatNeverWas() async throws {
        try await onTerminal("/nowhere/s") { terminal in
            #expect(terminal.shows("no daemon answers at /nowhere/s"))
            #expect(terminal.ending() == 1)
        }
        try await withDirectory { directory in
            let path = directory + "/neti.sock"
            func server() throws -> ControlServer {
                try ControlServer(
                    configuration: .init(path: path, version: "1.0"), backend: FakeBackend(),
                    logger: LogRecorder.discarding)
            }
            let program = try netiCtlPath()
            let terminal = try await whileRunning(server()) {
                try await onThread {
                    let terminal = try PseudoTerminal(
                        [program, "top", "--socket", path, "-i", "0.2"], environment: ["TERM=xterm"], width: 100,
                        height: 20)
                    #expect(terminal.shows("received"))
                    return terminal
                }
            }
            try await onThread { #expect(terminal.shows("trying again")) }
            try await whileRunning(server()) {
                try await onThread {
                    #expect(terminal.shows("received"))
                    terminal.type("q")
                    #expect(terminal.ending() == 0)
                }
            }
        }
    }

    @Test func linesWithoutATerminal() async throws {
        try await withServer { socket in
            let result = try await run(
                [
                    netiCtlPath(), "top", "--count", "2", "-i", "0.1", "--view", "hooks", "--filter", "blue",
                    "--socket", socket,
                ])
            #expect(result.status == 0 && result.errors == "")
            let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == 9)
            #expect(lines[0].hasSuffix("received 0/s  passed -  dropped 0/s  lost 0/s  held 12  p50 -  p99 -"))
            #expect(lines[1].split(separator: " ").map(String.init) == TopView.hooks.columns.map(\.column.title))
            #expect(lines[2].hasPrefix("blue ") && lines[3].isEmpty && lines[6].hasPrefix("blue "))
        }
    }

    @Test func jsonIsAnObjectALine() async throws {
        struct Report: Decodable {
            struct Instance: Decodable {
                var name: String
                var held: Int
            }
            var time: Int
            var seconds: Double
            var instances: [Instance]
        }
        try await withServer { socket in
            let result = try await run([netiCtlPath(), "top", "--once", "-i", "0.1", "--json", "--socket", socket])
            let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
            #expect(report.instances.map(\.name) == ["global", "blue"] && report.instances[0].held == 12)
            #expect(report.seconds > 0.05 && report.time > 1_700_000_000_000_000)
            #expect(result.output.split(separator: "\n").count == 1)
        }
    }

    @Test func withoutADaemonLinesEndWithStatusOne() async throws {
        let result = try await run([netiCtlPath(), "top", "--once", "--socket", "/nowhere/s"])
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors == "neti-ctl: no daemon answers at /nowhere/s: No such file or directory\n")
    }

    @Test(arguments: [["-i", "0"], ["-i", "x"], ["--count", "0"], ["--view", "chains"], ["extra"]])
    func wrongArgumentsAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try TopCommand.parse(arguments) }
    }
}
