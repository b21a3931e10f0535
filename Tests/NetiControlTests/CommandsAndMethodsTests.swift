// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Testing

@testable import NetiControl
@testable import neti_ctl

/// Nothing that `neti-ctl` does is out of reach for other clients: each command is a call of the described interface.
struct CommandsAndMethodsTests {
    /// Each command that does something, with arguments for each method that it calls.
    private static let calls: [(command: String, arguments: [String], method: String)] = [
        ("status", [], "GetStatus"),
        ("instance list", [], "ListInstances"),
        ("instance add", ["blue"], "AddInstance"),
        ("instance remove", ["blue"], "RemoveInstance"),
        ("hook list", [], "ListHooks"),
        ("hook add", ["a", "--module", "count", "--event", "PHYSICAL_IN"], "AddHook"),
        ("hook remove", ["a"], "RemoveHook"),
        ("hook move", ["a", "--first"], "MoveHook"),
        ("hook set", ["a", "b=c"], "ChangeHook"),
        ("kstat show", [], "ListKstats"),
        ("kstat set", ["a:0:b:c", "1"], "SetKstat"),
        ("monitor", [], "Monitor"),
        ("capture", ["-w", "/dev/null"], "Capture"),
        ("inject", ["-i", "blue", "-s", "queue-out", "--hex", "45"], "Inject"),
        ("log-level", ["debug"], "SetLogLevel"),
        ("metrics", [], "GetMetrics"),
        ("reload", [], "Reload"),
        ("confirm", [], "ConfirmReload"),
        ("check", [], "Reload"),
        ("save", [], "SaveConfiguration"),
        ("reload", [], "Reload"),
        ("check", [], "Reload"),
        ("confirm", [], "ConfirmReload"),
        ("metrics", [], "GetMetrics"),
        ("top", ["--once"], "ListInstances"),
        ("graph", [], "ListHooks"),
    ]

    @Test func everyCommandIsKnownHere() {
        #expect(Set(leaves(of: NetiCtl.self)) == Set(Self.calls.map(\.command)))
    }

    @Test func everyMethodIsACommand() throws {
        let described = try VarlinkDescription(ControlInterface.description).methods.keys
        #expect(Set(described) == Set(Self.calls.map(\.method)))
    }

    @Test(arguments: calls)
    func itCallsTheMethod(command: String, arguments: [String], method: String) async throws {
        let (_, called) = try await withDirectory { directory in
            let path = directory + "/s"
            let daemon = try DeafDaemon(path)
            let line = try [netiCtlPath()] + command.split(separator: " ").map(String.init) + arguments
            async let called = onThread { try daemon.firstCall() }
            return (try await run(line + ["--socket", path]), try await called)
        }
        #expect(called == "io.neti.Control.\(method)")
    }

    private func leaves(of command: any ParsableCommand.Type) -> [String] {
        command.configuration.subcommands.flatMap { inner in
            let name = inner.configuration.commandName ?? ""
            let below = leaves(of: inner)
            return below.isEmpty ? [name] : below.map { "\(name) \($0)" }
        }
    }
}
