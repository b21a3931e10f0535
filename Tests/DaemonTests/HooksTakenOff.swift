// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Packet
import Testing

extension RunningDaemon {
    /// Hooks that were taken off because of trouble, and changes of the configuration.
    @Suite struct HooksTakenOff {
        @Test("What was taken off stays off when something else is changed or a reload fails, until one succeeds")
        func staysOff() throws {
            try TroubledRig.with(["on-failure": "remove"]) { rig throws in
                let (daemon, left, right) = (rig.daemon, rig.left.name, rig.right.name)
                #expect(try rig.arrivals(at: TroubledRig.failing) == 1)
                #expect(try rig.sees { $0?.state == .takenOff })
                let other = ["other", "--module", "count", "-e", "PHYSICAL_IN", "-f", "inet"]
                for command in [
                    ["hook", "add"] + other + ["-i", right], ["hook", "move", "other", "--first", "-i", right],
                    ["hook", "remove", "other", "-i", right], ["instance", "add", left],
                    ["hook", "add"] + other + ["-i", left],
                ] {
                    #expect(try daemon.control(command) == "", "\(command)")
                    #expect(try rig.hook("troubled")?.state == .takenOff, "\(command)")
                }
                #expect(daemon.sees(left, .up))

                // The right host's turn comes before that of the left one, whose queues are taken.
                let taken = try takeQueue(70, in: rig.left.namespace)
                defer { close(taken) }
                try daemon.configure(instances: rig.text.text + InstanceText(netns: left, queue: 70).text)
                let failed = try daemon.controlEnding("reload")
                #expect(failed.status == 1, "\(failed.output)")
                #expect(try rig.hook("troubled")?.state == .takenOff)
                #expect(try rig.arrivals(at: TroubledRig.failing) == 1)
                try daemon.configure(instances: rig.text.text)
                #expect(try daemon.control("reload").contains("troubled (it was taken off because of trouble)"))
                #expect(try rig.hook("troubled")?.state == .active)
            }
        }

        @Test("A hook that was taken off is back, which is told, for one that is to stand behind it")
        func isThereForOthers() throws {
            try TroubledRig.with(["on-failure": "remove"]) { rig throws in
                #expect(try rig.arrivals(at: TroubledRig.failing) == 1)
                #expect(try rig.sees { $0?.state == .takenOff })
                let command = ["hook", "add", "other", "--module", "count", "-e", "PHYSICAL_IN", "-f", "inet"]
                #expect(try rig.daemon.control(command + ["-i", rig.right.name, "--after", "troubled"]) == "")
                #expect(try rig.hook("troubled")?.state == .active)
                #expect(try rig.daemon.status().takenOff == 0)
                #expect(rig.daemon.logs("which was taken off inet PHYSICAL_IN, is there again"))
            }
        }

        @Test("While a reload is under way a hook that is to be taken off is listed, and goes when that is done")
        func removalWaitsForReload() throws {
            let gate = try Gate()
            try HostPair.with { hosts in
                defer { gate.open() }
                func text(seed: Int) -> String {
                    func hook(_ name: String, _ module: String, _ values: [String: String]) -> InstanceText.Hook {
                        .init(name: name, module: module, events: ["PHYSICAL_IN"], families: ["inet"], values: values)
                    }
                    return InstanceText(
                        netns: hosts.right.name,
                        hooks: [
                            hook("patient", "trouble", ["gate": gate.path]),
                            hook("slow", "impair", ["seed": "\(seed)", "loss": "0%"]),
                            hook("troubled", "trouble", ["on-failure": "remove"]),
                        ]
                    ).text
                }
                // One for each queue: the other packet has to get past the one that waits.
                let daemon = try DaemonProcess(
                    instances: text(seed: 1), settings: "pumps = 8", program: "neti-troubled-daemon")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                func state() throws -> ListHooks.State? {
                    try daemon.hooks().first { $0.name == "troubled" }?.state
                }
                let left = try UDPSocket(on: hosts.left, .inet)
                // The reload has to wait for the packet, which waits at the gate.
                try left.send([1], to: UDPSocket(on: hosts.right, .inet, port: TroubledRig.patient))
                try daemon.configure(instances: text(seed: 2))
                let reload = try Worker { () throws(NetiError) in try daemon.control("reload") }
                #expect(Deadline(.seconds(5)).sees { (try? daemon.impairedText("seed")) == "2" })
                // To everybody, for it passes another queue.
                let everybody = try #require(IPAddress("192.0.2.255"))
                try left.socket.send([2], to: SocketAddress(everybody, port: TroubledRig.failing))
                #expect(try Deadline(.seconds(5)).sees { () throws -> Bool in try state() == .leaving })
                // Longer than several rounds of taking off.
                let end = ContinuousClock.now + .seconds(1)
                while ContinuousClock.now < end { try #require(try state() == .leaving) }
                #expect(!reload.isDone)
                gate.open()
                _ = try reload.join()
                #expect(try Deadline(.seconds(5)).sees { () throws -> Bool in try state() == .takenOff })
                #expect(try daemon.status().takenOff == 1)
                #expect(try daemon.control("reload").contains("troubled (it was taken off because of trouble)"))
                #expect(try state() == .active)
            }
        }
    }
}
