// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// A thousand reloads while packets flow: `NETI_RELOADS` says how many others.
    @Suite(.timeLimit(.minutes(10))) struct ReloadsUnderTraffic {
        private static let guarded = UInt16(7100)
        private static let rules =
            "block in quick proto udp from any to any port = 7100\nblock out quick proto udp from any to any port = 7100\n"

        private static let counter = InstanceText.Hook.counter
        private static let filter = InstanceText.Hook.filter
        private static let extra = InstanceText.Hook(name: "extra")

        private static var count: Int {
            unsafe getenv("NETI_RELOADS").flatMap { unsafe Int(String(cString: $0)) } ?? 1000
        }

        /// What is written before a reload: hooks in their order, what follows the rules, further keys of the instance.
        private struct Round {
            var hooks: [InstanceText.Hook]
            var comment: String
            var keys: String
            var isRight = true

            private static let keys = [
                "", "max-hooks = 32\n", "queues = 2\n", "gso = false\n", "queue-length = 2048\n",
                "priority-in = -400\n",
                "priority-out = 200\ninjection-packets = 100\n",
            ]

            /// The first queue's number.
            let queue: Int
            let onExit: String

            init(_ number: Int) {
                queue = (number / 13).isMultiple(of: 2) ? 0 : 20
                onExit = (number / 17).isMultiple(of: 2) ? "open" : "closed"
                hooks = (number / 7).isMultiple(of: 2) ? [counter, filter] : [filter, counter]
                if number % 5 > 2 { hooks.append(extra) }
                comment = String(repeating: "pass in proto tcp all\n", count: number / 3 % 3)
                keys = Self.keys[number / 11 % Self.keys.count]
                switch number % 10 {
                case 6: (comment, isRight) = ("block in proto tpc all\n", false)
                case 8: (keys, isRight) = ("quues = 1\n", false)
                default: break
                }
            }
        }

        private func write(_ round: Round, for daemon: DaemonProcess, netns: String) throws {
            try daemon.write(Self.rules + round.comment, to: "ipf.conf")
            let text = InstanceText(netns: netns, onExit: round.onExit, queue: round.queue, hooks: round.hooks).text
            try daemon.configure(instances: text.replacing("[[instance]]\n", with: "[[instance]]\n\(round.keys)"))
        }

        @Test("No packet is lost, none passes unfiltered, and counters of hooks that stay never go back")
        func many() throws {
            try HostPair.with { hosts in
                let name = hosts.right.name
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: name, hooks: [Self.counter, Self.filter]).text,
                    files: ["ipf.conf": Self.rules])
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let traffic = try Traffic(between: hosts, pace: .window(8))
                defer { _ = try? traffic.stop() }
                let blocked = try Traffic(between: hosts, pace: .steady, port: Self.guarded)
                defer { _ = try? blocked.stop() }
                #expect(traffic.brings(20))
                #expect(blocked.sends(20))

                // A reload of 20 ms takes seconds where other programs want the processors, see ChangesWithoutGap.
                var client = try ControlClient(path: daemon.controlSocket, timeout: .seconds(60))
                var hits: [String: Int] = [:]
                var (changes, refusals) = (0, 0)
                for number in 0..<Self.count {
                    let round = Round(number)
                    try write(round, for: daemon, netns: name)
                    do throws(ControlClientError) {
                        changes += try client.call(Reload()).changes.count
                        if !round.isRight { Issue.record("reload \(number) went through") }
                    } catch {
                        refusals += 1
                        if round.isRight { Issue.record("reload \(number): \(error)") }
                    }
                    for hook in try client.call(ListHooks()).hooks where hook.name == "counter" {
                        let place = "\(hook.family) \(hook.event)"
                        if hook.hits < hits[place, default: 0] { Issue.record("\(place): \(hook.hits) after \(hits)") }
                        hits[place] = hook.hits
                    }
                }
                #expect(hits.count == 4)
                #expect(changes > Self.count / 4)
                #expect(refusals >= Self.count / 5)
                #expect(traffic.brings(20))

                for (flow, tally) in try blocked.stop() {
                    #expect(tally.arrived.isEmpty, "\(flow): \(tally.arrived.count) of \(tally.sent) passed unfiltered")
                    #expect(tally.sent > 20)
                }
                for (flow, tally) in try traffic.stop() {
                    #expect(tally.arrived.sorted() == Array(1...tally.sent), "\(flow): \(tally.sent) sent")
                }
                let queues = try daemon.instance(name)?.queues ?? []
                #expect(queues.allSatisfy { $0.queueFullDrops == 0 && $0.socketFullDrops == 0 })
            }
        }
    }
}
