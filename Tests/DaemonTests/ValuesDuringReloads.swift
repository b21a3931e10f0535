// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `neti-ctl hook set` beside reloads.
    @Suite struct ValuesDuringReloads {
        @Test("Going back brings the values that were set before, and none can be set while a reload may still go back")
        func setBefore() throws {
            try HostPair.with { hosts in
                let hook = InstanceText.Hook(
                    name: "slow", module: "impair", events: ["PHYSICAL_IN"], families: ["inet"], values: ["loss": "0%"])
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name, hooks: [hook]).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                #expect(try daemon.control("hook", "set", "slow", "loss=5%") == "")
                _ = try daemon.control("reload", "--confirm", "3")
                #expect(try daemon.impairedText("loss") == "0%")
                let refused = try daemon.control(ending: ["hook", "set", "slow", "loss=9%"])
                #expect(refused.status == 1)
                #expect(refused.output.contains("the last reload waits for its confirmation"), "\(refused.output)")
                #expect(Deadline(.seconds(15)).sees { (try? daemon.impairedText("loss")) == "5%" })
                #expect(try daemon.control("hook", "set", "slow", "loss=9%") == "")
                #expect(try daemon.impairedText("loss") == "9%")
                _ = try daemon.control("reload")
                #expect(try daemon.impairedText("loss") == "0%")
            }
        }

        @Test("A value that is set while a reload is under way reaches the module that stays, not the one that leaves")
        func setMeanwhile() throws {
            let gate = try Gate()
            try HostPair.with { hosts in
                defer { gate.open() }
                func text(seed: Int) -> String {
                    InstanceText(
                        netns: hosts.right.name,
                        hooks: [
                            .init(
                                name: "troubled", module: "trouble", events: ["PHYSICAL_IN"], families: ["inet"],
                                values: ["gate": gate.path]),
                            .init(
                                name: "slow", module: "impair", events: ["PHYSICAL_IN"], families: ["inet"],
                                values: ["seed": "\(seed)", "loss": "0%"]),
                        ]
                    ).text
                }
                let daemon = try DaemonProcess(instances: text(seed: 1), program: "neti-troubled-daemon")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                // The reload has to wait for the packet, which waits at the gate.
                let sender = try UDPSocket(on: hosts.left, .inet)
                try sender.send([1], to: UDPSocket(on: hosts.right, .inet, port: 7105))
                try daemon.configure(instances: text(seed: 2))
                let reload = try Worker { () throws(NetiError) in try daemon.control("reload") }
                #expect(Deadline(.seconds(5)).sees { (try? daemon.impairedText("seed")) == "2" })
                let sockets = daemon.sockets
                let set = try Worker { () throws(NetiError) in try daemon.control("hook", "set", "slow", "loss=1%") }
                #expect(Deadline(.seconds(5)).sees { daemon.sockets > sockets })
                #expect(!reload.isDone)
                gate.open()
                _ = try reload.join()
                let answer = try set.join()
                #expect(answer == "")
                #expect(try daemon.impairedText("seed") == "2")
                #expect(try daemon.impairedText("loss") == "1%")
            }
        }
    }
}

extension DaemonProcess {
    /// How many sockets it has open.
    fileprivate var sockets: Int {
        listFolder("/proc/\(process)/fd").count { readLink("/proc/\(process)/fd/\($0)")?.hasPrefix("socket:") == true }
    }
}
