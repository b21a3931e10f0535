// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `hook add`, `hook move`, `hook remove`, `instance add` and `instance remove` on a running daemon, with and without
    /// `--save`.
    @Suite struct LiveChanges {
        private static let instances = """
            # The only one.
            [[instance]]
            name = "global"  # here

              # Counts what comes in and what goes out.
              [[instance.hook]]
              name = "counter"
              module = "count"
              events = ["PHYSICAL_IN", "PHYSICAL_OUT"]

            # The end.

            """
        private static let rules = ["ipf.conf": "block in quick proto udp from any to any port = 9\n"]

        private func with(_ body: (HostPair, DaemonProcess) throws -> Void) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: Self.instances, files: Self.rules, on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try body(hosts, daemon)
            }
        }

        /// `counter` or `second?` for each hook of the event in chain order, with a question mark if it isn't saved.
        private func chain(_ daemon: DaemonProcess, _ event: String = "PHYSICAL_IN") throws -> [String] {
            try daemon.hooks().filter { $0.family == "inet" && $0.event == event }
                .map { $0.name + ($0.saved ? "" : "?") }
        }

        private func save(_ arguments: String..., in daemon: DaemonProcess) throws -> Command.Ending {
            try daemon.control(ending: arguments + ["--config", "\(daemon.folder)/neti.toml"])
        }

        @Test("Hooks come, move and go while packets flow: none is lost, and the others go on counting")
        func hooksChange() throws {
            try with { hosts, daemon in
                func hits() throws -> Int {
                    try daemon.hooks().filter { $0.name == "counter" }.reduce(0) { $0 + $1.hits }
                }
                let traffic = try Traffic(between: hosts, pace: .steady)
                #expect(traffic.brings(20))
                let steps: [(command: [String], chain: [String])] = [
                    (
                        ["hook", "add", "second", "--module", "count", "-e", "PHYSICAL_IN", "--before", "counter"],
                        ["second?", "counter"]
                    ),
                    (["hook", "move", "second", "--after", "counter"], ["counter", "second?"]),
                    (["hook", "move", "second", "--first"], ["second?", "counter"]),
                    (["hook", "move", "counter", "--before", "second"], ["second?", "counter?"]),
                    (["hook", "move", "counter", "--last"], ["second?", "counter?"]),
                    (["hook", "move", "counter", "--anywhere"], ["second?", "counter"]),
                    (["hook", "remove", "second"], ["counter"]),
                ]
                var before = try hits()
                for (number, step) in steps.enumerated() where number != 3 {
                    #expect(try daemon.control(step.command) == "", "\(step.command)")
                    #expect(try chain(daemon) == step.chain, "\(step.command)")
                    #expect(traffic.brings(10))
                    let now = try hits()
                    #expect(now > before, "\(step.command)")
                    before = now
                }
                let refused = try daemon.control(ending: steps[3].command)
                #expect(refused.status == 1)
                for (flow, tally) in try traffic.stop() {
                    #expect(tally.arrived.count == tally.sent, "\(flow)")
                }
            }
        }

        @Test("A hook that is added filters at once, and no more when it is removed; the log tells who did it")
        func addedHookFilters() throws {
            try with { hosts, daemon in
                let (left, discard) = (
                    try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet, port: 9)
                )
                func arrives() throws -> Bool {
                    try left.send([1], to: discard)
                    return try discard.receive() != nil
                }
                #expect(try arrives())
                let added = try daemon.controlEnding(
                    "hook", "add", "filter", "--module", "ipf", "-e", "PHYSICAL_IN", "rules=ipf.conf")
                #expect(added.status == 0, "\(added.output)")
                #expect(daemon.logs("a control client changed something"))
                let line = daemon.log.split(separator: "\n").last { $0.contains("changed something") } ?? ""
                let words = Set(line.split(separator: " "))
                #expect(words.isSuperset(of: ["uid=0", "pid=\(added.process)"]), "\(line)")
                #expect(line.contains("io.neti.Control.AddHook"), "\(line)")
                let dropped = try daemon.dropped()
                try left.send([2], to: discard)
                #expect(try Deadline(.seconds(5)).sees { () throws in try daemon.dropped() == dropped + 1 })
                #expect(try daemon.control("hook", "remove", "filter") == "")
                #expect(try arrives())
            }
        }

        @Test("--save changes the file by what was asked for and nothing else; without it the change is marked")
        func saving() throws {
            try with { _, daemon in
                let file = "\(daemon.folder)/neti.toml"
                let text = try readFile(file)
                #expect(try daemon.control("hook", "add", "a", "--module", "count", "-e", "PHYSICAL_IN") == "")
                #expect(try readFile(file) == text)
                #expect(try chain(daemon) == ["counter", "a?"])
                #expect(try daemon.instance("global")?.saved == false)
                #expect(
                    try daemon.status().unsaved == [.init(action: .added, instance: "global", hook: "a", details: [])])
                #expect(try daemon.control("hook", "list").contains("not saved"))

                // The one is saved, the other is not.
                let saved = try save(
                    "hook", "add", "b", "--module", "ipf", "-e", "PHYSICAL_OUT", "rules=ipf.conf", "--save", in: daemon)
                #expect(saved.status == 0, "\(saved.output)")
                func table(_ name: String, _ keys: String) -> String {
                    "  [[instance.hook]]\n  name = \"\(name)\"\n  module = \(keys)\n\n"
                }
                let one = table("b", "\"ipf\"\n  events = [\"PHYSICAL_OUT\"]\n  rules = \"ipf.conf\"")
                let end = "# The end.\n"
                #expect(try readFile(file) == text.replacing(end, with: one + end))
                #expect(try chain(daemon) == ["counter", "a?"])
                #expect(try chain(daemon, "PHYSICAL_OUT") == ["counter", "b"])

                #expect(try save("save", in: daemon).status == 0)
                let other = table("a", "\"count\"\n  events = [\"PHYSICAL_IN\"]")
                #expect(try readFile(file) == text.replacing(end, with: other + one + end))
                #expect(try chain(daemon) == ["counter", "a"])
                #expect(try daemon.status().unsaved == [])
                #expect(try save("save", in: daemon).output == "nothing to save\n")
                let check = try Command.end(try DaemonProcess.program("neti-daemon"), ["--check-config", file])
                #expect(check.status == 0, "\(check.output)")

                #expect(try save("hook", "rm", "a", "--save", in: daemon).status == 0)
                #expect(try save("hook", "rm", "b", "--save", in: daemon).status == 0)
                #expect(try readFile(file) == text)
            }
        }

        @Test("A file that somebody changed since it was read is left alone, and nothing is done")
        func changedFile() throws {
            try with { _, daemon in
                let file = "\(daemon.folder)/neti.toml"
                let text = try readFile(file) + "# mine\n"
                try writeFile(file, text)
                let refused = try save(
                    "hook", "add", "a", "--module", "count", "-e", "PHYSICAL_IN", "--save", in: daemon)
                #expect(refused.status == 1)
                let reason = "\(file) was changed since the daemon read it; reload it first"
                #expect(refused.output == "neti-ctl: can't be saved: \(reason)\n")
                #expect(try readFile(file) == text)
                #expect(try chain(daemon) == ["counter"])
            }
        }

        @Test("Who changes one hook changes no other: neither its rules, which may be half written, nor its values")
        func othersStayAsTheyAre() throws {
            try with { _, daemon in
                let add = ["hook", "add", "--module"]
                #expect(try daemon.control(add + ["ipf", "filter", "-e", "PHYSICAL_IN", "rules=ipf.conf"]) == "")
                #expect(try daemon.control(add + ["impair", "slow", "-e", "PHYSICAL_OUT", "delay=1ms"]) == "")
                #expect(try daemon.control("hook", "set", "slow", "delay=2ms") == "")
                let delay = try daemon.control("kstat", "-p", "impair::slow:delay")
                try writeFile("\(daemon.folder)/ipf.conf", "block in quick proto\n")
                #expect(try daemon.control("hook", "add", "a", "--module", "count", "-e", "PHYSICAL_IN") == "")
                #expect(try chain(daemon) == ["counter", "filter?", "a?"])
                #expect(try daemon.control("kstat", "-p", "impair::slow:delay") == delay)
                #expect(try daemon.control("hook", "remove", "a") == "")
                let refused = try daemon.control(
                    ending: add + ["ipf", "other", "-e", "PHYSICAL_IN", "rules=./ipf.conf"])
                #expect(refused.status == 1)
            }
        }

        @Test("A reload says which changes that were not saved it discards; one that waits lets nobody change anything")
        func reloading() throws {
            try with { _, daemon in
                for name in ["a", "b"] {
                    #expect(try daemon.control("hook", "add", name, "--module", "count", "-e", "PHYSICAL_IN") == "")
                }
                #expect(
                    try save("hook", "add", "c", "--module", "count", "-e", "PHYSICAL_IN", "--save", in: daemon).status
                        == 0)
                #expect(try chain(daemon) == ["counter", "a?", "b?", "c"])
                // Somebody else has had the same idea.
                let file = "\(daemon.folder)/neti.toml"
                let table = "[[instance.hook]]\nname = \"b\"\nmodule = \"count\"\nevents = [\"PHYSICAL_IN\"]\n"
                try writeFile(file, try readFile(file) + table)
                let lines = "removed: instance global, hook a\nnot saved, discarded: added: instance global, hook a\n"
                func withoutOrder(_ text: String) -> String {
                    text.split(separator: "\n").filter { !$0.contains("order of hooks") }.map { $0 + "\n" }.joined()
                }
                #expect(withoutOrder(try daemon.control("check")) == lines)
                #expect(try chain(daemon) == ["counter", "a?", "b?", "c"])
                #expect(withoutOrder(try daemon.control("reload", "--confirm", "600")) == lines)
                #expect(
                    daemon.log.contains("not saved, and discarded by the reload: instance 'global': hook 'a' added"))
                #expect(try chain(daemon).sorted() == ["b", "c", "counter"])

                let refused = try daemon.controlEnding("hook", "remove", "b")
                #expect(refused.status == 1 && refused.output.contains("waits for its confirmation"))
                #expect(try daemon.control("confirm") == "")
                #expect(try daemon.control("hook", "remove", "b") == "")
            }
        }

        @Test("What is wrong is refused in terms of the command, and nothing is done")
        func refusals() throws {
            try with { _, daemon in
                for (command, message) in [
                    (
                        ["hook", "add", "a", "--module", "none", "-e", "PHYSICAL_IN"],
                        #"module: expected one of "count", "impair", "ipf", found "none""#
                    ),
                    (["hook", "remove", "a"], "hook: the configuration has no instance with a hook 'a'"),
                    (
                        ["hook", "move", "counter", "--after", "a"],
                        "hint: inet/PHYSICAL_IN: hook counter (after a): no hook a on this event"
                    ),
                    (["instance", "remove", "blue"], "no instance is named 'blue'"),
                    (["instance", "add", "global"], "name: instance[0] is the daemon's own namespace already"),
                    (["instance", "add", "red", "qeue=1"], "qeue: unknown key; did you mean 'queue'?"),
                ] {
                    let refused = try daemon.control(ending: command)
                    #expect(refused.status == 1)
                    #expect(refused.output == "neti-ctl: \(message)\n")
                }
                #expect(try chain(daemon) == ["counter"])
                #expect(try daemon.status().unsaved == [])
            }
        }

        @Test("Instances come and go, those of a glob too, and take their hooks along")
        func instancesChange() throws {
            try NamespaceFolder.with { folder in
                try folder.create(["red", "blue1", "blue2"])
                let daemon = try DaemonProcess(
                    instances: "", settings: "netns-directories = [\"\(folder.path)\"]")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                func names() throws -> [String] {
                    try daemon.instances().filter { $0.state == .up }.map { $0.name + ($0.saved ? "" : "?") }.sorted()
                }
                #expect(try names() == ["global"])
                #expect(try daemon.control("instance", "add", "red", "on-exit=closed", "queue=7") == "")
                #expect(try names() == ["global", "red?"])
                #expect(try daemon.instance("red")?.onExit == .closed)
                #expect(try save("instance", "add", "blue*", "--save", in: daemon).status == 0)
                #expect(try names() == ["blue1", "blue2", "global", "red?"])
                #expect(
                    try daemon.control("hook", "add", "a", "-i", "blue*", "--module", "count", "-e", "FORWARDING") == ""
                )
                #expect(try daemon.hooks().filter { $0.name == "a" && !$0.saved }.count == 4)
                #expect(try names() == ["blue1?", "blue2?", "global", "red?"])
                let refused = try daemon.controlEnding("hook", "remove", "a", "-i", "blue1")
                #expect(refused.output.contains("shares that of 'blue*'"), "\(refused.output)")
                #expect(try daemon.control("instance", "remove", "red") == "")
                #expect(try daemon.control("instance", "remove", "blue*") == "")
                #expect(try names() == ["global"])
                #expect(
                    try daemon.status().unsaved == [.init(action: .removed, instance: "blue*", hook: nil, details: [])])
                #expect(try readFile("\(daemon.folder)/neti.toml").hasSuffix("[[instance]]\nnetns = \"blue*\"\n"))
            }
        }
    }
}
