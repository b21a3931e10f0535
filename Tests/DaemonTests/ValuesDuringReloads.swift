// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `neti-ctl hook set` beside reloads.
    @Suite struct ValuesDuringReloads {
        @Test("A value that is set while a reload is under way reaches the module that stays, not the one that leaves")
        func setMeanwhile() throws {
            try HostPair.with { hosts in
                func text(seed: Int) -> String {
                    InstanceText(
                        netns: hosts.right.name,
                        hooks: [
                            .init(name: "troubled", module: "trouble", events: ["PHYSICAL_IN"], families: ["inet"]),
                            .init(
                                name: "slow", module: "impair", events: ["PHYSICAL_IN"], families: ["inet"],
                                values: ["seed": "\(seed)", "loss": "0%"]),
                        ]
                    ).text
                }
                let daemon = try DaemonProcess(instances: text(seed: 1), program: "neti-troubled-daemon")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                // 30 ms each: the reload has to wait for the hooks that they are in.
                let sender = try UDPSocket(on: hosts.left, .inet)
                let receiver = try UDPSocket(on: hosts.right, .inet, port: 7102)
                for _ in 0..<64 { try sender.send([1], to: receiver) }
                try daemon.configure(instances: text(seed: 2))
                let reload = try Worker { () throws(NetiError) in try daemon.control("reload") }
                let isUnderWay = Deadline(.seconds(5)).sees { (try? daemon.impairedText("seed")) == "2" }
                let isTooLate = reload.isDone
                let answer = try daemon.control("hook", "set", "slow", "loss=1%")
                _ = try reload.join()
                #expect(isUnderWay && !isTooLate)
                #expect(answer == "")
                #expect(try daemon.impairedText("seed") == "2")
                #expect(try daemon.impairedText("loss") == "1%")
            }
        }
    }
}
