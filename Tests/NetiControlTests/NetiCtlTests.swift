// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import NetiControl
import Testing

@testable import neti_ctl

/// Where the program is: it is built beside the tests.
func netiCtlPath() throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: tests).deletingLastPathComponent().appending(path: "neti-ctl").path()
}

/// The program itself, run as a user runs it.
struct NetiCtlTests {
    private func netiCtl(_ arguments: [String], environment: [String: String] = [:]) async throws -> ProgramResult {
        try await run([netiCtlPath()] + arguments, environment: environment)
    }

    @Test func anAbsentDaemonIsOneLineAndStatusOne() async throws {
        let expected = ProgramResult(
            status: 1, output: "", errors: "neti-ctl: no daemon answers at /nowhere/s: No such file or directory\n")
        #expect(try await netiCtl(["status", "--socket", "/nowhere/s"]) == expected)
        #expect(try await netiCtl(["--socket", "/nowhere/s", "hook", "list", "--json"]) == expected)
        #expect(try await netiCtl(["kstat"], environment: ["NETI_SOCKET": "/nowhere/s"]) == expected)
        #expect(
            try await netiCtl(["status", "--socket", "/nowhere/s"], environment: ["NETI_SOCKET": "/other"]) == expected)
    }

    @Test func theSocketIsTheDefaultOneUnlessTold() throws {
        let options = try ConnectionOptions.parse([])
        #expect(options.path(environment: [:]) == "/run/neti/neti.sock")
        #expect(options.path(environment: ["NETI_SOCKET": ""]) == "/run/neti/neti.sock")
        #expect(options.path(environment: ["NETI_SOCKET": "/a"]) == "/a")
    }

    @Test(arguments: [
        (["status"], Samples.status.lines),
        (["instance", "ls"], instanceLines(Samples.instances, width: nil)),
        (["instance"], instanceLines(Samples.instances, width: nil)),
        (["instance", "list", "--queues"], queueLines(Samples.instances, width: nil)),
        (["hook", "list", "--instance", "blue"], hookLines(Array(Samples.hooks[2...]), width: nil)),
        (["kstat", "-p", "inet:0:PHYSICAL_IN:events"], ["inet:0:PHYSICAL_IN:events\t18446744073709551615"]),
        (["kstat", "-l", "inet6", "::filter:hint"], ["inet/PHYSICAL_IN:0:filter:hint"] + inet6Names),
        (["log-level", "debug"], []),
        (["reload"], changeLines(.init(changes: Samples.changes, discarded: Samples.changes))),
        (["check"], changeLines(.init(changes: Samples.changes, discarded: Samples.changes))),
    ])
    func everyCommandPrintsTheAnswer(arguments: [String], lines: [String]) async throws {
        let result = try await withServer { path in
            try await netiCtl(arguments, environment: ["NETI_SOCKET": path])
        }
        #expect(result == ProgramResult(status: 0, output: lines.map { $0 + "\n" }.joined(), errors: ""))
    }

    private static let inet6Names = ["class", "crtime", "hooksAdded", "snaptime"].map { "inet6:0:PHYSICAL_OUT:\($0)" }

    @Test func everyCommandPrintsTheDaemonsJSON() async throws {
        func decode<Reply: Decodable>(_: Reply.Type, _ result: ProgramResult) throws -> Reply {
            #expect(result.status == 0)
            return try JSONDecoder().decode(Reply.self, from: Data(result.output.utf8))
        }
        try await withServer { path in
            let environment = ["NETI_SOCKET": path]
            let status = try await netiCtl(["status", "--json"], environment: environment)
            #expect(try decode(GetStatus.Reply.self, status).status == Samples.status)
            let instances = try await netiCtl(["instance", "list", "--json"], environment: environment)
            #expect(try decode(ListInstances.Reply.self, instances).instances == Samples.instances)
            let hooks = try await netiCtl(["hook", "list", "--json"], environment: environment)
            #expect(try decode(ListHooks.Reply.self, hooks).hooks == Samples.hooks)
            let kstats = try await netiCtl(["kstat", "--json", "inet6"], environment: environment)
            #expect(try decode(ListKstats.Reply.self, kstats).kstats == [Samples.kstats[2]])
            let level = try await netiCtl(["log-level", "info", "--json"], environment: environment)
            #expect(try decode(SetLogLevel.Reply.self, level) == SetLogLevel.Reply())
        }
    }

    @Test func whatTheDaemonRefusesIsOneLineAndStatusOne() async throws {
        try await withServer { path in
            let hooks = try await netiCtl(["hook", "list", "-i", "red", "--socket", path])
            #expect(hooks == ProgramResult(status: 1, output: "", errors: "neti-ctl: no instance is named 'red'\n"))
            let level = try await netiCtl(["log-level", "critical", "--socket", path])
            #expect(level == ProgramResult(status: 1, output: "", errors: "neti-ctl: logs at least errors\n"))
        }
    }

    @Test("kstat set reaches the daemon; what it refuses is one line and status 1")
    func kstatSet() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            let done = try await netiCtl(["kstat", "set", "count:0:seen:packets", "0", "--socket", path])
            #expect(done == ProgramResult(status: 0, output: "", errors: ""))
            let refused = try await netiCtl(["kstat", "set", "inet:0:a:b", "0", "--socket", path])
            #expect(refused == ProgramResult(status: 1, output: "", errors: "neti-ctl: kstat inet is not writable\n"))
        }
        #expect(
            backend.kstatsSet == [
                SetKstat(module: "count", instance: 0, name: "seen", statistic: "packets", value: "0")
            ])
    }

    @Test("hook set passes keys and values on, and takes each once")
    func hookSet() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            let set = ["hook", "set", "slow", "delay=80ms", "match=proto udp from any to any port = 53", "--instance"]
            #expect(
                try await netiCtl(set + ["blue", "--socket", path]) == ProgramResult(status: 0, output: "", errors: ""))
            let refused = try await netiCtl(["hook", "set", "fast", "delay=80ms", "--socket", path])
            #expect(
                refused == ProgramResult(status: 1, output: "", errors: "neti-ctl: hook: there is no hook 'fast'\n"))
        }
        #expect(
            backend.hooksChanged == [
                ChangeHook(
                    instance: "blue", hook: "slow",
                    values: ["delay": "80ms", "match": "proto udp from any to any port = 53"])
            ])
        for wrong in [["slow"], ["slow", "delay"], ["slow", "=1"], ["slow", "delay=1ms", "delay=2ms"], []] {
            #expect(throws: (any Error).self, "\(wrong)") { try HookSetCommand.parse(wrong) }
        }
    }

    @Test("kstat with an interval and a count shows so often, with an empty line between")
    func kstatRepeats() async throws {
        try await withServer { path in
            let start = ContinuousClock.now
            let line = "inet:0:PHYSICAL_IN:hooksAdded\t2\n"
            let result = try await netiCtl(
                ["kstat", "-p", "inet:0:PHYSICAL_IN:hooksAdded", "1", "2", "--socket", path])
            #expect(result == ProgramResult(status: 0, output: "\(line)\n\(line)", errors: ""))
            #expect(ContinuousClock.now - start >= .seconds(1))
        }
    }

    @Test func kstatFindsNothingWithStatusOne() async throws {
        try await withServer { path in
            let result = try await netiCtl(["kstat", "arp", "--socket", path])
            #expect(result == ProgramResult(status: 1, output: "", errors: ""))
        }
    }

    @Test(arguments: [
        ["frob"], ["log-level"], ["log-level", "loud"], ["kstat", "a:b:c:d:e"], ["kstat", "-m", "a", "b"],
        ["kstat", "-p", "-l"], ["kstat", "-p", "--json"], ["kstat", "--netid", "x"], ["hook", "list", "extra"],
        ["status", "--socket"], ["monitor", "--kind", "nick"], ["monitor", "--kind"], ["monitor", "extra"],
        ["kstat", "inet", "0"], ["kstat", "set", "a:0:b", "1"], ["kstat", "set", "a:0:b:c"],
    ])
    func wrongArgumentsAreRefused(arguments: [String]) throws {
        do {
            _ = try NetiCtl.parseAsRoot(arguments)
            Issue.record("accepted")
        } catch {
            #expect(NetiCtl.exitCode(for: error).rawValue == 64)
        }
    }
}
