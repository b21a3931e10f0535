// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl
import Testing

@testable import neti_ctl

/// `hook add`, `hook remove`, `hook move`, `instance add`, `instance remove` and `save`: what they ask for and what they
/// do with the answer.
struct EditCommandTests {
    private func netiCtl(_ arguments: String..., socket: String) async throws -> ProgramResult {
        try await run([netiCtlPath()] + arguments + ["--socket", socket])
    }

    private static let done = ProgramResult(status: 0, output: "", errors: "")

    @Test func whatIsAskedForReachesTheDaemon() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            let commands: [[String]] = [
                ["hook", "add", "a", "--module", "ipf", "--event", "PHYSICAL_IN", "-e", "PHYSICAL_OUT"],
                [
                    "hook", "add", "a", "-i", "b*", "--module", "impair", "-e", "PHYSICAL_OUT", "-f", "inet", "-f",
                    "inet6",
                    "--after", "c", "delay=1ms", "match=x = y",
                ],
                ["hook", "remove", "a"], ["hook", "rm", "a", "-i", "blue"],
                ["hook", "move", "a", "--first"], ["hook", "mv", "a", "--before", "b", "-i", "blue"],
                ["hook", "move", "a", "--anywhere"],
                ["instance", "add", "blue"], ["instance", "add", "ns", "--name", "n", "queue=1", "on-exit=closed"],
                ["instance", "add", "global"], ["instance", "remove", "blue"],
            ]
            for command in commands {
                let result = try await run([netiCtlPath()] + command + ["--socket", path])
                #expect(result == Self.done, "\(command)")
            }
        }
        let expected: [ConfigurationEditing] = [
            .addHook(AddHook(hook: "a", module: "ipf", events: ["PHYSICAL_IN", "PHYSICAL_OUT"])),
            .addHook(
                AddHook(
                    instance: "b*", hook: "a", module: "impair", events: ["PHYSICAL_OUT"], families: ["inet", "inet6"],
                    hint: .after, hintValue: "c", values: ["delay": "1ms", "match": "x = y"])),
            .removeHook(RemoveHook(hook: "a")), .removeHook(RemoveHook(instance: "blue", hook: "a")),
            .moveHook(MoveHook(hook: "a", hint: .first)),
            .moveHook(MoveHook(instance: "blue", hook: "a", hint: .before, hintValue: "b")),
            .moveHook(MoveHook(hook: "a", hint: .none)),
            .addInstance(AddInstance(netns: "blue")),
            .addInstance(AddInstance(name: "n", netns: "ns", values: ["queue": "1", "on-exit": "closed"])),
            .addInstance(AddInstance(name: "global")), .removeInstance(RemoveInstance(instance: "blue")),
        ]
        #expect(backend.edited == expected)
    }

    @Test(arguments: [
        ["hook", "add", "a", "--module", "ipf"], ["hook", "add", "a", "--event", "PHYSICAL_IN"],
        ["hook", "add", "a", "--module", "ipf", "-e", "X", "--first", "--last"],
        ["hook", "add", "a", "--module", "ipf", "-e", "X", "rules"], ["hook", "remove"], ["hook", "move", "a"],
        ["hook", "move", "a", "--before", "b", "--after", "c"], ["instance", "add"], ["instance", "remove"],
        ["instance", "add", "global", "--name", "x"], ["instance", "add", "blue", "queue=1", "queue=2"],
    ])
    func wrongArgumentsAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try NetiCtl.parseAsRoot(arguments) }
    }

    @Test func savingWritesTheFileThatTheDaemonNames() async throws {
        try await withDirectory { directory in
            let file = "\(directory)/neti.toml"
            try write("# old\n", to: file)
            let edit = ConfigurationEditing.FileEdit(path: file, old: "# old\n", new: "# old\n# new\n")
            let backend = FakeBackend(fileEdit: edit)
            try await withServer(backend) { path in
                let result = try await netiCtl("hook", "rm", "a", "--save", "--config", file, socket: path)
                #expect(result == Self.done)
                #expect(try text(of: file) == "# old\n# new\n")

                // It says something else than the daemon has read.
                let again = try await netiCtl("save", "--config", file, socket: path)
                #expect(again.status == 1)
                #expect(again.errors == "neti-ctl: not saved, though in force: \(file) was changed meanwhile\n")
                #expect(try text(of: file) == "# old\n# new\n")
            }
            #expect(backend.edited == [.removeHook(RemoveHook(hook: "a", save: true))])
        }
    }

    /// The daemon runs without root's rights; it must not lend itself those of a root that runs neti-ctl.
    @Test func noOtherFileIsWrittenThanTheCallerAllows() async throws {
        try await withDirectory { directory in
            let file = "\(directory)/shadow"
            try write("# old\n", to: file)
            let edit = ConfigurationEditing.FileEdit(path: file, old: "# old\n", new: "# new\n")
            try await withServer(FakeBackend(fileEdit: edit)) { path in
                for options in [[], ["--config", "\(directory)/neti.toml"]] {
                    let command = try [netiCtlPath(), "instance", "rm", "a", "--save", "--socket", path]
                    let result = try await run(command + options)
                    #expect(result.status == 1)
                    let advice = "if that may be written, give '--config \(file)'; 'neti-ctl save' tries again"
                    #expect(
                        result.errors
                            == "neti-ctl: not saved, though in force: the daemon's file is \(file); \(advice)\n")
                }
            }
            #expect(try text(of: file) == "# old\n")
        }
    }

    @Test func whatIsNotSavedIsMarked() {
        var (hooks, instances) = (Samples.hooks, Samples.instances)
        #expect(hookLines(hooks, width: nil)[0].hasSuffix("MODULE"))
        #expect(instanceLines(instances, width: nil)[0].hasSuffix("OLDEST"))
        hooks[1].saved = false
        instances[1].saved = false
        let hookLines = hookLines(hooks, width: nil)
        // The head, the hooks, and below what is wrong with two of them.
        #expect(
            hookLines.map { $0.hasSuffix("  not saved") } == [false, false, true, false, false, false, false, false])
        #expect(hookLines[0].hasSuffix("  NOTE"))
        let instanceLines = instanceLines(instances, width: nil).prefix(3)
        #expect(instanceLines.map { $0.hasSuffix("  not saved") } == [false, false, true])
        #expect(instanceLines[0].hasSuffix("  NOTE"))
    }
}
