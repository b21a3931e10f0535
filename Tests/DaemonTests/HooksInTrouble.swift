// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import SystemPackage
import Testing

extension RunningDaemon {
    /// Hooks that fail, take too long or never return: counted, told, and dealt with as configured.
    @Suite struct HooksInTrouble {
        /// A daemon whose right host has a hook in trouble and a hook `counter` behind it.
        private struct Rig {
            let daemon: DaemonProcess
            let sender: UDPSocket
            let right: Host

            init(_ hosts: HostPair, _ policy: [String: String], settings: String = "") throws {
                let hooks = [
                    InstanceText.Hook(
                        name: "troubled", module: "trouble", events: ["PHYSICAL_IN"], families: ["inet"],
                        values: policy),
                    InstanceText.Hook(name: "counter", events: ["PHYSICAL_IN"], families: ["inet"]),
                ]
                var text = InstanceText(netns: hosts.right.name)
                text.settings = settings
                text.hooks = hooks
                daemon = try DaemonProcess(instances: text.text, program: "neti-troubled-daemon")
                do {
                    try daemon.waitUntilReady()
                    sender = try UDPSocket(on: hosts.left, .inet)
                } catch {
                    daemon.stop()
                    throw error
                }
                right = hosts.right
            }

            static func with(
                _ policy: [String: String], settings: String = "", _ body: (Rig) throws -> Void
            ) throws {
                try HostPair.with { hosts in
                    let rig = try Rig(hosts, policy, settings: settings)
                    defer { rig.daemon.stop() }
                    try body(rig)
                }
            }

            /// Sends datagrams to a port of the right host; how many of them arrive.
            func arrivals(_ count: Int = 1, at port: UInt16, within time: Duration = .seconds(3)) throws -> Int {
                let receiver = try UDPSocket(on: right, .inet, port: port)
                for _ in 0..<count { try sender.send([1], to: receiver) }
                var arrived = 0
                while arrived < count, try receiver.receive(within: time) != nil { arrived += 1 }
                return arrived
            }

            func hook(_ name: String) throws -> ListHooks.Hook? {
                try daemon.hooks().first { $0.name == name }
            }

            /// What is to be seen of the hook in trouble once it is off its chain.
            func seesItTakenOff(reason: String) throws {
                #expect(try sees { $0?.state == .takenOff })
                let troubled = try #require(try hook("troubled"))
                #expect(troubled.position == 0 && troubled.event == "PHYSICAL_IN" && troubled.family == "inet")
                #expect(troubled.reason?.hasPrefix(reason) == true, "\(troubled)")
                #expect(try hook("counter")?.position == 1)
                let status = try daemon.status()
                #expect(status.hooks == 1 && status.takenOff == 1)
                #expect(try daemon.control("status").contains("1, and 1 taken off because of trouble"))
                #expect(try daemon.control("metrics").contains("neti_instance_hooks_taken_off{"))
                #expect(try daemon.control("hook", "list").contains("was taken off: \(reason)"))
            }

            /// Brings it back, as an administrator would.
            func putBack() throws {
                _ = try daemon.control("reload")
                let troubled = try #require(try hook("troubled"))
                #expect(troubled.state == .active && troubled.position == 1 && troubled.reason == nil)
                #expect(try daemon.status().takenOff == 0)
            }

            /// Waits until the hook in trouble is so.
            func sees(_ condition: (ListHooks.Hook?) -> Bool) throws -> Bool {
                try Deadline(.seconds(5)).sees { () throws -> Bool in condition(try hook("troubled")) }
            }

            /// Ends the daemon and returns what it wrote.
            func logAtEnd() -> String {
                #expect(daemon.terminate() == 0)
                return daemon.log
            }
        }

        private static let (failing, slow, stuck, plain): (UInt16, UInt16, UInt16, UInt16) = (7101, 7102, 7103, 7104)
        /// Where packets wait until a ``Gate`` is open.
        private static let patient: UInt16 = 7105

        @Test("A hook that fails is passed over for that packet, which goes on; it is counted and told once")
        func failureSkips() throws {
            try Rig.with([:]) { rig throws in
                #expect(try rig.arrivals(3, at: Self.failing) == 3)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.failures == 3 && hook.drops == 0 && hook.state == .active)
                #expect(try rig.hook("counter")?.hits == hook.hits)
                let log = rig.logAtEnd()
                #expect(
                    log.contains("hook 'troubled' on inet PHYSICAL_IN failed 3 times, the last time with"), "\(log)")
                #expect(log.contains("its packets went on without it"))
            }
        }

        @Test("With on-failure drop the packet is dropped, and no other")
        func failureDrops() throws {
            try Rig.with(["on-failure": "drop"]) { rig throws in
                #expect(try rig.arrivals(3, at: Self.failing, within: .milliseconds(200)) == 0)
                #expect(try rig.arrivals(2, at: Self.plain) == 2)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.failures == 3 && hook.drops == 3)
                #expect(rig.logAtEnd().contains("its packets were dropped"))
            }
        }

        @Test("With on-failure remove the hook is taken off its chain, and those behind it serve on")
        func failureRemoves() throws {
            try Rig.with(["on-failure": "remove"]) { rig throws in
                #expect(try rig.arrivals(at: Self.plain) == 1)
                #expect(try rig.hook("troubled") != nil)
                #expect(try rig.arrivals(at: Self.failing) == 1)
                try rig.seesItTakenOff(reason: "it failed, ")
                let before = try #require(try rig.hook("counter")?.hits)
                #expect(try rig.arrivals(2, at: Self.failing) == 2)
                #expect(try rig.hook("counter")?.hits ?? 0 >= before + 2)
                try rig.putBack()
                let log = rig.logAtEnd()
                #expect(log.contains("hook 'troubled' was taken off inet PHYSICAL_IN: it failed, "), "\(log)")
            }
        }

        @Test("Over its time budget a hook is passed over for a second, and meets packets again then")
        func slownessSkips() throws {
            try Rig.with(["time-budget": "10ms", "on-over-budget": "skip"]) { rig throws in
                #expect(try rig.arrivals(5, at: Self.slow) == 5)
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.overBudget == 1 && hook.skipped >= 4 && hook.state == .skipped)
                #expect(try rig.sees { $0?.state == .active })
                #expect(try rig.arrivals(at: Self.slow) == 1)
                #expect(try rig.sees { $0?.overBudget == 2 })
                let log = rig.logAtEnd()
                #expect(log.contains("ran over its time budget of 10 ms 2 times; its longest run took "), "\(log)")
                #expect(log.contains("was passed over by "))
            }
        }

        @Test("Over its time budget a hook is counted only, unless told otherwise")
        func slownessIsReported() throws {
            try Rig.with(["time-budget": "10ms"]) { rig throws in
                #expect(try rig.arrivals(3, at: Self.slow) == 3)
                #expect(try rig.sees { $0?.overBudget == 3 })
                let hook = try #require(try rig.hook("troubled"))
                #expect(hook.skipped == 0 && hook.state == .active && hook.failures == 0)
            }
        }

        @Test("With on-over-budget remove the hook is taken off its chain")
        func slownessRemoves() throws {
            try Rig.with(["time-budget": "10ms", "on-over-budget": "remove"]) { rig throws in
                #expect(try rig.arrivals(3, at: Self.slow) == 3)
                try rig.seesItTakenOff(reason: "it ran over its time budget, for ")
                try rig.putBack()
                let log = rig.logAtEnd()
                #expect(log.contains("was taken off inet PHYSICAL_IN: it ran over its time budget"), "\(log)")
            }
        }

        @Test("A hook that never returns holds up the end for ten seconds, is named, and leaves no table behind")
        func silence() throws {
            try Rig.with([:]) { rig throws in
                let target = try UDPSocket(on: rig.right, .inet, port: Self.stuck)
                try rig.sender.send([1], to: target)
                // The control side goes on, and the packet is never answered.
                #expect(
                    try Deadline(.seconds(5)).sees { () throws -> Bool in
                        try rig.daemon.instances().contains { $0.queues.contains { $0.waiting > 0 } }
                    })
                let begin = ContinuousClock.now
                #expect(rig.daemon.terminate() == EXIT_FAILURE)
                let duration = begin.duration(to: .now)
                #expect(duration > .seconds(9) && duration < .seconds(20))
                let log = rig.daemon.log
                #expect(
                    log.contains("hook 'troubled' has not returned from a packet of inet PHYSICAL_IN"), "\(log)")
                #expect(log.contains("stopping has not gone on for 10 seconds"))
                #expect(try rig.right.tables() == [])
                try rig.sender.send([2], to: target)
                #expect(try target.receive()?.bytes == [2], "packets pass again")
            }
        }

        @Test("What passes unseen because a hook doesn't return is counted and told (fail-open)")
        func overload() throws {
            let gate = try Gate()
            try Rig.with(["gate": gate.path], settings: "queue-length = 4\nfail-open = true") { rig throws in
                defer { gate.open() }
                let receiver = try UDPSocket(on: rig.right, .inet, port: Self.patient)
                for number: UInt8 in 0..<30 { try rig.sender.send([number], to: receiver) }
                // All but those that wait arrive while the hook is stuck.
                for number: UInt8 in 4..<30 { #expect(try receiver.receive()?.bytes == [number]) }
                let name = rig.right.name
                let unseen = try Deadline(.seconds(5)).sees { () throws -> Bool in
                    // The kernel itself sends a packet or two, which find no room either.
                    (26..<40).contains(try rig.daemon.instance(name)?.passedUnseen ?? 0)
                }
                #expect(unseen)
                gate.open()
                for number: UInt8 in 0..<4 { #expect(try receiver.receive()?.bytes == [number]) }
                let log = rig.logAtEnd()
                #expect(log.contains("packets pass unseen because a queue was full ('fail-open')"), "\(log)")
            }
        }
    }
}
