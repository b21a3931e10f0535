// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// The module `impair` where nothing is held: loss, corruption, conditions, and changes while packets flow.
    @Suite struct ImpairedByChance {
        @Test("So many packets are lost as asked for, the very ones that the seed says, and again after its change")
        func loss() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["loss": "10%", "seed": "42", "match": "proto udp all"], ["PHYSICAL_IN"])
                defer { daemon.stop() }
                let count = 2_000
                var before: [Int] = []
                for _ in 0..<2 {
                    var flow = try NumberedFlow(hosts, .physicalIn)
                    let lost = try daemon.impaired("lost")
                    try flow.run(count: count, every: .microseconds(200), arriving: count - 230)
                    let isAccountedFor = try Deadline(.seconds(5)).sees { () throws in
                        try flow.run(count: count, every: .zero, arriving: 0)
                        return try flow.arrivals.count + daemon.impaired("lost") - lost == count
                    }
                    #expect(isAccountedFor)
                    let missing = Set(0..<count).subtracting(flow.numbers).sorted()
                    // Five standard deviations of 2,000 draws of 10 %.
                    #expect((133...267).contains(missing.count))
                    #expect(flow.numbers == flow.numbers.sorted())
                    // What Tests/ImpairTests says of this seed.
                    let expected = [0, 1, 2, 8, 15, 23, 27, 30, 37, 61, 68, 74, 77, 87, 94]
                    #expect(missing.filter { $0 < 100 } == expected)
                    if !before.isEmpty { #expect(missing == before) }
                    before = missing
                    _ = try daemon.control("hook", "set", "slow", "seed=42")
                }
            }
        }

        @Test(
            "A corrupted packet never gets past the receiver's checksum, though the sender had left that to its card",
            arguments: [NetworkEvent.physicalIn, .physicalOut], NetworkFamily.ip)
        func corruption(_ event: NetworkEvent, _ family: NetworkFamily) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["corrupt": "20%", "seed": "1", "match": "proto udp all"], [event.rawValue])
                defer { daemon.stop() }
                var flow = try NumberedFlow(hosts, event, family)
                let count = 500
                try flow.run(count: count, every: .microseconds(200), arriving: count - 150)
                let isAccountedFor = try Deadline(.seconds(5)).sees { () throws in
                    try flow.run(count: count, every: .zero, arriving: 0)
                    return try flow.arrivals.count + daemon.impaired("corrupted") == count
                }
                #expect(isAccountedFor)
                #expect(flow.arrivals.allSatisfy { $0.isIntact })
                #expect((55...145).contains(count - flow.arrivals.count))
            }
        }

        @Test("Only what the condition names is touched")
        func condition() throws {
            try HostPair.with { hosts in
                let match = "on veth0 proto udp from any to any port = 7001"
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["loss": "100%", "match": match], ["PHYSICAL_IN"])
                defer { daemon.stop() }
                var others = try NumberedFlow(from: hosts.left, to: hosts.right, port: 7000)
                var meant = try NumberedFlow(from: hosts.left, to: hosts.right, port: 7001)
                try meant.run(count: 20, every: .zero, arriving: 0)
                try others.run(count: 20, every: .zero, arriving: 20)
                #expect(others.numbers == Array(0..<20))
                #expect(try daemon.impaired("lost") == 20)
                #expect(try daemon.impaired("matched") == 20)
                try meant.run(count: 20, every: .zero, arriving: 0)
                #expect(meant.arrivals.isEmpty)
            }
        }

        @Test("hook set: all or nothing, while packets flow; the log tells who, the kstat what is in force")
        func changes() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(hosts.right, ["match": "proto udp all"], ["PHYSICAL_IN"])
                defer { daemon.stop() }
                func probe() throws -> Int {
                    var flow = try NumberedFlow(hosts, .physicalIn)
                    let (matched, lost) = (try daemon.impaired("matched"), try daemon.impaired("lost"))
                    try flow.run(count: 10, every: .zero, arriving: 0)
                    let isSeen = try Deadline(.seconds(5)).sees { () throws in
                        try daemon.impaired("matched") == matched + 10
                    }
                    #expect(isSeen)
                    try flow.run(count: 10, every: .zero, arriving: 10 - (try daemon.impaired("lost") - lost))
                    return flow.arrivals.count
                }
                #expect(try probe() == 10)

                let change = try daemon.controlEnding("hook", "set", "slow", "loss=100%", "corrupt=1%")
                #expect(change.status == 0)
                #expect(change.output == "")
                #expect(try probe() == 0)
                #expect(try daemon.impairedText("loss") == "100%")
                #expect(try daemon.impairedText("corrupt") == "1%")
                #expect(daemon.logs("a control client changed something"))
                let line = daemon.log.split(separator: "\n").first { $0.contains("changed something") } ?? ""
                #expect(line.contains("ChangeHook") && line.contains("loss") && line.contains("100%"), "\(line)")
                #expect(Set(line.split(separator: " ")).isSuperset(of: ["uid=0", "pid=\(change.process)"]), "\(line)")

                for (arguments, message) in Self.refusals {
                    let refused = try daemon.control(ending: ["hook", "set"] + arguments)
                    #expect(refused.status == 1)
                    #expect(refused.output == "neti-ctl: \(message)\n")
                }
                #expect(try daemon.impairedText("loss") == "100%")
                #expect(try probe() == 0)
                let name = hosts.right.name
                _ = try daemon.control("hook", "set", "slow", "--instance", name, "loss=0%", "corrupt=0%")
                #expect(try probe() == 10)
            }
        }

        private static let refusals: [([String], String)] = [
            (["slow", "loss=0%", "delai=1ms"], "values: module 'impair' has no 'delai'; did you mean 'delay'?"),
            (
                ["slow", "loss=0", "corrupt=x"],
                #"values: hook 'slow': corrupt: expected a percentage from "0%" to "100%" such as "0.5%", found "x""#
            ),
            (["slow", "rules=/etc/passwd"], "values: module 'impair' has no 'rules'"),
            (["fast", "loss=0%"], "hook: there is no hook 'fast'"),
            (["slow", "loss=0%", "--instance", "nobody"], "no instance is named 'nobody'"),
            (["slow", "loss=0%", "--instance", "global"], "hook: instance 'global' has no hook 'slow'"),
            (["seen", "x=1"], "values: module 'count' has no 'x'"),
        ]
    }
}

extension DaemonProcess {
    /// Starts a daemon whose instance of a host has a hook `slow` of module `impair`, and `seen`, which counts.
    static func impairing(_ host: Host, _ values: [String: String], _ events: [String]) throws -> DaemonProcess {
        let slow = InstanceText.Hook(name: "slow", module: "impair", events: events, hint: "first", values: values)
        let seen = InstanceText.Hook(name: "seen", events: events)
        let daemon = try DaemonProcess(
            instances: InstanceText(netns: host.name, hooks: [slow, seen]).text)
        try daemon.waitUntilReady()
        return daemon
    }

    /// A field of the hook's kstat as it is written.
    func impairedText(_ field: String) throws -> String? {
        try kstats("impair:0:slow").first?.statistics.first { $0.name == field }?.value
    }

    /// A counter of the hook's kstat.
    func impaired(_ counter: String) throws -> Int {
        Int(try impairedText(counter) ?? "") ?? -1
    }
}
