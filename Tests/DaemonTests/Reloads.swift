// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// A configuration that changes under a running daemon.
    @Suite struct Reloads {
        private func daemon(
            _ hosts: HostPair, hooks: [InstanceText.Hook] = [.counter, .filter], rules: String = "pass in all\n"
        ) throws -> DaemonProcess {
            let daemon = try DaemonProcess(
                instances: InstanceText(netns: hosts.right.name, hooks: hooks).text, files: ["ipf.conf": rules])
            do {
                try daemon.waitUntilReady()
            } catch {
                daemon.stop()
                throw error
            }
            return daemon
        }

        /// What doesn't change by itself, as hits do.
        private func place(_ hook: ListHooks.Hook) -> String {
            "\(hook.instance) \(hook.family) \(hook.event) \(hook.position) \(hook.name) \(hook.hint)"
        }

        private func holds(_ probe: FilterProbe, _ hosts: HostPair, _ daemon: DaemonProcess) throws -> Bool {
            try probe.holds(between: hosts, .inet, filteredBy: daemon)
        }

        @Test(
            "Another rule file's contents are in force after neti-ctl reload, which says what changed; SIGHUP does the same"
        )
        func rules() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts)
                defer { daemon.stop() }
                #expect(try daemon.control("reload") == "nothing to change\n")
                #expect(try holds(.passes(.udp), hosts, daemon))
                try daemon.write("block in proto udp all\n", to: "ipf.conf")
                let expected =
                    "changed: instance \(hosts.right.name), hook filter (contents of \(daemon.folder)/ipf.conf)\n"
                #expect(try daemon.control("check") == expected)
                #expect(try holds(.passes(.udp), hosts, daemon))
                #expect(try daemon.control("reload") == expected)
                #expect(try holds(.blocks(.udp), hosts, daemon))
                try daemon.write("pass in all\n", to: "ipf.conf")
                daemon.signal(SIGHUP)
                let reloaded = "reloaded \(daemon.folder)/neti.toml: 1 changes"
                #expect(Deadline(.seconds(5)).sees { daemon.log.ranges(of: reloaded).count == 2 })
                #expect(try holds(.passes(.udp), hosts, daemon))
            }
        }

        @Test("Mistakes are told with file, line and column, and everything stays; SIGHUP tells the log")
        func mistakes() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts, rules: "block in proto udp all\n")
                defer { daemon.stop() }
                try daemon.write("pass in all\nblock in proto tpc all\n", to: "ipf.conf")
                try daemon.configure(
                    instances: InstanceText(netns: hosts.right.name, hooks: [.counter, .filter]).text,
                    settings: "quux = 1")
                let before = try daemon.hooks().map(place)
                for command in ["reload", "check"] {
                    let ending = try daemon.controlEnding(command)
                    #expect(ending.status == 1)
                    #expect(ending.output.hasPrefix("neti-ctl: \(daemon.folder)/neti.toml:"), "\(ending.output)")
                    #expect(ending.output.contains("daemon.quux: unknown key"), "\(ending.output)")
                    #expect(ending.output.contains("\n\(daemon.folder)/ipf.conf:2:16: "), "\(ending.output)")
                }
                daemon.signal(SIGHUP)
                #expect(daemon.logs("not reloaded, everything stays as it was"))
                #expect(try daemon.hooks().map(place) == before)
                #expect(try holds(.blocks(.udp), hosts, daemon))
            }
        }

        @Test("Keys of the process are refused at their line unless they say what they said; log-level may change")
        func process() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts)
                defer { daemon.stop() }
                let text = InstanceText(netns: hosts.right.name, hooks: [.counter, .filter]).text
                try daemon.configure(instances: text, settings: "nap = 77")
                let ending = try daemon.controlEnding("reload")
                #expect(ending.status == 1)
                #expect(
                    ending.output.contains("neti.toml:7: daemon.nap: can't change from 80 to 77 while the daemon runs"),
                    "\(ending.output)")
                try daemon.configure(instances: text, settings: #"log-level = "debug""#)
                #expect(try daemon.control("reload") == #"changed: daemon (log-level "info" -> "debug")"# + "\n")
            }
        }

        @Test("Instances and hooks come and go; those that stay keep their counters")
        func comeAndGo() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts, hooks: [.counter])
                defer { daemon.stop() }
                #expect(try holds(.passes(.udp), hosts, daemon))
                let seen = try daemon.hooks().map(\.hits).reduce(0, +)
                #expect(seen > 0)
                let (left, right) = (hosts.left.name, hosts.right.name)
                try daemon.configure(
                    instances: InstanceText(netns: right, hooks: [.filter, .counter]).text
                        + InstanceText(netns: left).text + InstanceText(netns: "neti-absent").text)
                try daemon.write("block in proto udp all\n", to: "ipf.conf")
                let lines = try daemon.control("reload").split(separator: "\n").map(String.init)
                #expect(
                    lines == [
                        "added: instance \(right), hook filter", "added: instance \(left)",
                        "added: instance \(left), hook counter", "added: instance neti-absent",
                        "added: instance neti-absent, hook counter",
                    ])
                #expect(daemon.sees(left, .up) && daemon.sees("neti-absent", .waiting))
                #expect(try holds(.blocks(.udp), hosts, daemon))
                let counters = try daemon.hooks().filter { $0.instance == right && $0.name == "counter" }
                #expect(counters.map(\.hits).reduce(0, +) >= seen)
                #expect(counters.allSatisfy { $0.position == 2 })

                try daemon.configure(instances: InstanceText(netns: right, hooks: [.counter]).text)
                _ = try daemon.control("reload")
                #expect(try daemon.instances().map(\.name) == ["global", right])
                #expect(try hosts.left.tables() == [])
                #expect(try holds(.passes(.udp), hosts, daemon))
            }
        }

        @Test("What can't come up leaves everything as it was")
        func allOrNothing() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts)
                defer { daemon.stop() }
                let other = try DaemonProcess(instances: InstanceText(netns: hosts.left.name).text)
                defer { other.stop() }
                try other.waitUntilReady()
                let before = try daemon.hooks().map(place)
                try daemon.write("block in proto udp all\n", to: "ipf.conf")
                try daemon.configure(
                    instances: InstanceText(netns: hosts.right.name, hooks: [.filter]).text
                        + InstanceText(netns: hosts.left.name).text)
                let ending = try daemon.controlEnding("reload")
                #expect(ending.status == 1)
                #expect(ending.output.contains("filters this namespace already"), "\(ending.output)")
                #expect(try daemon.hooks().map(place) == before)
                #expect(try daemon.instances().map(\.name) == ["global", hosts.right.name])
                #expect(try holds(.passes(.udp), hosts, daemon))
            }
        }

        @Test("A namespace whose instance gets another name has it made anew, which filters by what it is told then")
        func renamed() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts, rules: "block in proto udp all\n")
                defer { daemon.stop() }
                let text = InstanceText(netns: hosts.right.name, hooks: [.counter, .filter]).text
                try daemon.configure(
                    instances: text.replacing("[[instance]]\n", with: "[[instance]]\nname = \"azure\"\n"))
                let changes = try daemon.control("reload")
                #expect(changes.contains("remade: instance azure (it was '\(hosts.right.name)')\n"), "\(changes)")
                #expect(try daemon.instances().map(\.name) == ["global", "azure"])
                #expect(try holds(.blocks(.udp), hosts, daemon))
                #expect(try holds(.passes(.tcp), hosts, daemon))
            }
        }

        @Test("Other queues take over while packets flow")
        func otherQueues() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts, rules: "block in proto udp all\n")
                defer { daemon.stop() }
                try daemon.configure(
                    instances: InstanceText(netns: hosts.right.name, queue: 40, hooks: [.counter, .filter]).text)
                #expect(
                    try daemon.control("reload") == "changed: instance \(hosts.right.name) (queue 0 -> 40)\n")
                #expect(try daemon.instance(hosts.right.name)?.queues.map(\.number) == [40, 41, 42])
                #expect(try holds(.blocks(.udp), hosts, daemon))
                #expect(try holds(.passes(.tcp), hosts, daemon))
            }
        }

        @Test("A reload that nobody confirms goes back by itself, to the rules that files don't hold any more")
        func goesBack() throws {
            try HostPair.with { hosts in
                let daemon = try daemon(hosts, rules: "block in proto udp all\n")
                defer { daemon.stop() }
                #expect(try daemon.controlEnding("confirm").status == 1)
                try daemon.write("block in proto tcp all\n", to: "ipf.conf")
                _ = try daemon.control("reload", "--confirm", "8")
                #expect(try holds(.passes(.udp), hosts, daemon))
                #expect(try daemon.controlEnding("reload").output.contains("waits for its confirmation"))
                #expect(
                    daemon.logs("nobody confirmed the reload within 8 seconds: going back") || daemon.logs("going back")
                )
                #expect(Deadline(.seconds(5)).sees { (try? holds(.blocks(.udp), hosts, daemon)) == true })
                #expect(try holds(.passes(.tcp), hosts, daemon))

                _ = try daemon.control("reload", "--confirm", "60")
                #expect(try holds(.passes(.udp), hosts, daemon))
                #expect(try daemon.control("confirm") == "")
                #expect(try daemon.control("reload") == "nothing to change\n")
                #expect(try holds(.passes(.udp), hosts, daemon))
            }
        }

        @Test("What can't go back is told and tried again until it can, or is confirmed or overruled")
        func goesBackInTheEnd() throws {
            try HostPair.with { hosts in
                let name = hosts.right.name
                let daemon = try daemon(hosts, hooks: [.counter])
                defer { daemon.stop() }
                func numbers() -> [Int]? { (try? daemon.instance(name))?.queues.map(\.number) }
                func change() throws -> Int32 {
                    try daemon.configure(instances: InstanceText(netns: name, queue: 40).text)
                    _ = try daemon.control("reload", "--confirm", "1")
                    return try takeQueue(0, in: hosts.right.namespace)
                }
                let first = try change()
                #expect(daemon.logs("can't go back, trying again in 1 seconds: "))
                #expect(numbers() == [40, 41, 42])
                close(first)
                #expect(Deadline(.seconds(10)).sees { numbers() == [0, 1, 2] })

                let second = try change()
                defer { close(second) }
                let refusals = "can't go back, trying again in 1 seconds: "
                #expect(Deadline(.seconds(5)).sees { daemon.log.ranges(of: refusals).count == 2 })
                try daemon.configure(instances: InstanceText(netns: name, queue: 50).text)
                #expect(try daemon.control("reload") == "changed: instance \(name) (queue 40 -> 50)\n")
                #expect(numbers() == [50, 51, 52])
                #expect(try daemon.controlEnding("confirm").status == 1)
                _ = try daemon.control("reload", "--confirm", "60")
                #expect(daemon.terminate() == 0)
                #expect(daemon.log.contains("ending before the last reload was confirmed: "), "\(daemon.log)")
            }
        }
    }
}
