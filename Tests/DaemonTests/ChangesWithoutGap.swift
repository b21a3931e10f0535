// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// What lives in chains and tables of the kernel, and the limits of injection, changes while packets flow.
    @Suite(.timeLimit(.minutes(5))) struct ChangesWithoutGap {
        private static let guarded = UInt16(7100)
        private static let delayed = UInt16(7200)
        /// A queue number that another program holds.
        private static let taken = 40

        private static let delay = InstanceText.Hook(
            name: "delay", module: "impair", hint: "first",
            values: ["delay": "3ms", "match": "proto udp from any to any port = 7200"])

        private static let rules = """
            block in quick proto udp from any to any port = 7100
            block out quick proto udp from any to any port = 7100
            block in quick inet6 proto udp from any to any port = 7100
            block out quick inet6 proto udp from any to any port = 7100

            """

        /// The instance as a round has it: `number` 0 is how it starts.
        private static func text(_ number: Int, netns: String) -> String {
            let priorities = ["-450", "-300", "-460"][number % 3]
            let last = ["2147483647", "150"][number / 3 % 2]
            let packets = [4096, 9000, 64, 20_000][number % 4]
            let bytes = [8 << 20, 16 << 20, 1 << 20][number / 4 % 3]
            return InstanceText(
                netns: netns, onExit: (number / 2).isMultiple(of: 2) ? "open" : "closed",
                queue: number % 10 == 9 ? taken : 0,
                settings: """
                    gso = false
                    priority-in = \(priorities)
                    priority-out = \(last)
                    injection-packets = \(packets)
                    injection-bytes = \(bytes)
                    injection-limit = \(16 + number % 3)
                    """, hooks: [.counter, delay, .filter]
            ).text
        }

        @Test(
            "on-exit, priorities and limits of injection: none is lost, none unfiltered, held packets and counters stay"
        )
        func manyTimes() throws {
            try HostPair.with { hosts in
                let name = hosts.right.name
                let daemon = try DaemonProcess(
                    instances: Self.text(0, netns: name), files: ["ipf.conf": Self.rules])
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let other = try takeQueue(UInt16(Self.taken), in: hosts.right.namespace)
                defer { close(other) }
                let traffic = try Traffic(between: hosts, pace: .window(8))
                defer { _ = try? traffic.stop() }
                let held = try Traffic(between: hosts, pace: .window(8), port: Self.delayed)
                defer { _ = try? held.stop() }
                let blocked = try Traffic(between: hosts, pace: .steady, port: Self.guarded)
                defer { _ = try? blocked.stop() }
                #expect(traffic.brings(20) && held.brings(20))
                #expect(blocked.sends(20))

                // A reload takes 20 ms to a second. But control threads give way to all others (nice 15): beside eleven
                // programs that want two processors for themselves it was 6 s, beside twenty 15 s.
                var client = try ControlClient(path: daemon.controlSocket, timeout: .seconds(60))
                var hits: [String: Int] = [:]
                for number in 1...200 {
                    try daemon.configure(instances: Self.text(number, netns: name))
                    let isRight = number % 10 != 9
                    do throws(ControlClientError) {
                        let changes = try client.call(Reload()).changes
                        if !isRight { Issue.record("reload \(number) went through") }
                        if changes.map(\.action) != [.changed] { Issue.record("reload \(number): \(changes)") }
                    } catch {
                        if isRight { Issue.record("reload \(number): \(error)") }
                    }
                    for hook in try client.call(ListHooks()).hooks {
                        let place = "\(hook.name) \(hook.family) \(hook.event)"
                        if hook.hits < hits[place, default: 0] { Issue.record("\(place): \(hook.hits) after \(hits)") }
                        hits[place] = hook.hits
                    }
                }
                #expect(hits.count == 12)
                #expect(traffic.brings(20) && held.brings(20))

                for (flow, tally) in try blocked.stop() {
                    #expect(tally.arrived.isEmpty, "\(flow): \(tally.arrived.count) of \(tally.sent) passed unfiltered")
                    #expect(tally.sent > 100)
                }
                for traffic in [traffic, held] {
                    for (flow, tally) in try traffic.stop() {
                        #expect(tally.arrived.sorted() == Array(1...tally.sent), "\(flow): \(tally.sent) sent")
                    }
                }
                let queues = try daemon.instance(name)?.queues ?? []
                #expect(queues.allSatisfy { $0.queueFullDrops == 0 && $0.socketFullDrops == 0 })
                // However often: one table for each on-exit, one chain for each priority.
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti", "ip neti-2", "ip6 neti-2"])
                let rules = try hosts.right.ruleset()
                #expect(
                    rules.ranges(of: "hook prerouting").count == 12 && rules.ranges(of: "hook postrouting").count == 8)
                #expect(daemon.terminate() == 0)
                #expect(try hosts.right.tables() == [])
            }
        }

        @Test("What can't be made leaves everything where it was")
        func refused() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try hosts.right.loadRules("table ip6 neti-2 { chain c { counter; }; }")
                let before = try hosts.right.ruleset()
                let text = InstanceText(netns: hosts.right.name, onExit: "closed", settings: "priority-in = 7").text
                try daemon.configure(instances: text)
                let ending = try daemon.controlEnding("reload")
                #expect(ending.status == 1)
                #expect(ending.output.contains("the kernel refuses the steering rules"), "\(ending.output)")
                #expect(try hosts.right.ruleset() == before)
                try hosts.right.execute("nft", "delete", "table", "ip6", "neti-2")
                #expect(
                    try daemon.control("reload")
                        == "changed: instance \(hosts.right.name) (on-exit \"open\" -> \"closed\"; priority-in -450 -> 7)\n"
                )
                #expect(try hosts.right.ruleset().contains("priority filter + 7;"))
            }
        }

        @Test("Killed after a reload, packets go the way of the on-exit of then; the next daemon takes everything over")
        func killedAfterwards() throws {
            try HostPair.with { hosts in
                func text(_ onExit: String) -> String {
                    InstanceText(netns: hosts.right.name, onExit: onExit).text
                }
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                let first = try DaemonProcess(instances: text("open"))
                defer { first.stop() }
                try first.waitUntilReady()
                try first.configure(instances: text("closed"))
                _ = try first.control("reload")
                #expect(traffic.brings(50))
                first.crash()
                let before = traffic.tallies
                #expect(traffic.sends(100))
                for (flow, tally) in traffic.tallies {
                    // The last one of before may have been on its way.
                    #expect(tally.arrivals(after: (before[flow]?.sent ?? 0) + 1) == 0, "\(flow)")
                }
                #expect(try hosts.right.tables() == ["ip neti-2", "ip6 neti-2"])

                let second = try DaemonProcess(instances: text("closed"))
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(traffic.brings(50))
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
                try second.configure(instances: text("open"))
                _ = try second.control("reload")
                #expect(traffic.brings(50))
                second.crash()
                #expect(traffic.brings(50))
                // Chains without rules.
                #expect(try !hosts.right.ruleset().contains("queue"))

                let third = try DaemonProcess(instances: text("open"))
                defer { third.stop() }
                try third.waitUntilReady()
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
            }
        }
    }
}
