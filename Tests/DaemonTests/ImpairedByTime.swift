// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Testing

extension RunningDaemon {
    /// The module `impair` where packets are held and come back: delay, rate, duplication, reordering.
    @Suite struct ImpairedByTime {
        /// Requests come in at the right host, replies go out there.
        private static func echo(_ family: NetworkFamily, _ event: NetworkEvent) -> String {
            let type = event == .physicalIn ? "echo" : "echorep"
            return family == .inet ? "proto icmp all icmp-type \(type)" : "inet6 proto ipv6-icmp all icmp-type \(type)"
        }

        @Test(
            "50 ms show as 50 ms, by either way back and in both families",
            arguments: [
                (NetworkFamily.inet, NetworkEvent.physicalOut, 500), (.inet, .physicalIn, 500),
                (.inet6, .physicalOut, 100), (.inet6, .physicalIn, 100),
            ])
        func delay(_ family: NetworkFamily, _ event: NetworkEvent, _ count: Int) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["delay": "50ms", "match": Self.echo(family, event)], [event.rawValue])
                defer { daemon.stop() }
                let times = try PingTimes(between: hosts, family, count: count, every: .milliseconds(10))
                #expect(times.milliseconds.count == count)
                #expect(times.milliseconds.values.allSatisfy { $0 >= 50 })
                #expect((50...52).contains(times.median), "\(times.median) ms")
                #expect(try daemon.impaired("delayed") == count)
                #expect(try daemon.impaired("seen") >= count)
                #expect(try daemon.impaired("refused") == 0 && daemon.impaired("unheld") == 0)
            }
        }

        @Test(
            "Packets of a host to itself and those that it forwards are held like others",
            arguments: [NetworkEvent.loopbackOut, .loopbackIn, .forwarding], NetworkFamily.ip)
        func otherEvents(_ event: NetworkEvent, _ family: NetworkFamily) throws {
            try RoutedHosts.with { hosts in
                let values = ["delay": "50ms", "match": "proto udp all"]
                let daemon = try DaemonProcess.impairing(hosts.router, values, [event.rawValue])
                defer { daemon.stop() }
                let (from, to) = event == .forwarding ? (hosts.left, hosts.right) : (hosts.router, hosts.router)
                var flow = try NumberedFlow(from: from, to: to, family)
                let count = 100
                try flow.run(count: count, every: .milliseconds(2), arriving: count)
                #expect(flow.numbers == Array(0..<count))
                #expect(flow.arrivals.allSatisfy { $0.isIntact && $0.delay >= .milliseconds(50) })
                let delays = flow.arrivals.map { $0.delay }.sorted()
                #expect(delays.count == count && delays[count / 2] < .milliseconds(53), "\(delays)")
                #expect(try daemon.impaired("delayed") == count)
                #expect(try daemon.impaired("seen") == count)
            }
        }

        @Test("Jitter is as wide as asked for", arguments: ["uniform", "normal"])
        func jitter(_ distribution: String) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right,
                    [
                        "delay": "40ms", "jitter": "10ms", "distribution": distribution, "seed": "42",
                        "match": Self.echo(.inet, .physicalOut),
                    ], ["PHYSICAL_OUT"])
                defer { daemon.stop() }
                let times = try PingTimes(between: hosts, .inet, count: 400, every: .milliseconds(2))
                #expect(times.milliseconds.count == 400)
                let values = times.milliseconds.values
                let mean = values.reduce(0, +) / Double(values.count)
                let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
                    .squareRoot()
                let expected = distribution == "uniform" ? 20 / 12.0.squareRoot() : 10
                #expect(abs(mean - 40.5) < 2, "\(mean) ms")
                #expect(abs(deviation - expected) < 1.5, "\(deviation) ms")
            }
        }

        @Test("1 Mbit/s holds within 3 % over ten seconds, each way by itself; what the queue can't take is dropped")
        func rate() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["rate": "1mbit", "limit": "20", "match": "proto udp all"],
                    ["PHYSICAL_IN", "PHYSICAL_OUT"])
                defer { daemon.stop() }
                var flows = [
                    try NumberedFlow(hosts, .physicalIn, .inet, size: 972),
                    try NumberedFlow(hosts, .physicalOut, .inet6, size: 952),
                ]
                // 1,000 bytes with their headers: twice what may pass.
                let count = 2_550
                try NumberedFlow.run(&flows, count: count, every: .milliseconds(4), patience: .milliseconds(500)) { _ in
                    false
                }
                for flow in flows {
                    let first = try #require(flow.arrivals.first?.time)
                    let window = flow.arrivals.filter { $0.time <= first + .seconds(10) }
                    let last = try #require(window.last?.time)
                    let seconds = (last - first) / .seconds(1)
                    let rate = Double(window.count - 1) * 8_000 / seconds
                    #expect(seconds > 9.9)
                    #expect((970_000...1_030_000).contains(rate), "\(rate) bit/s")
                    #expect(flow.numbers == flow.numbers.sorted())
                    #expect(flow.arrivals.allSatisfy { $0.isIntact })
                }
                let arrived = flows.reduce(0) { $0 + $1.arrivals.count }
                #expect(try daemon.impaired("rate_limited") + arrived == 2 * count)
            }
        }

        @Test("Duplicates arrive beside their originals", arguments: [NetworkEvent.physicalIn, .physicalOut])
        func duplication(_ event: NetworkEvent) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["duplicate": "25%", "seed": "3", "match": "proto udp all"], [event.rawValue])
                defer { daemon.stop() }
                var flow = try NumberedFlow(hosts, event)
                let count = 400
                try flow.run(count: count, every: .milliseconds(1), arriving: count)
                let isComplete = try Deadline(.seconds(5)).sees { () throws in
                    try flow.run(count: count, every: .zero, arriving: 0)
                    return try flow.arrivals.count == count + daemon.impaired("duplicated")
                }
                #expect(isComplete)
                let times = Dictionary(grouping: flow.numbers) { $0 }.mapValues(\.count)
                #expect(times.count == count && times.values.allSatisfy { $0 <= 2 })
                let twice = times.values.count { $0 == 2 }
                #expect((57...143).contains(twice), "\(twice)")
                #expect(flow.arrivals.allSatisfy { $0.isIntact })
            }
        }

        @Test("Packets that overtake arrive at once, the others later, each kind in its order")
        func reordering() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["delay": "200ms", "reorder": "25%", "seed": "3", "match": "proto udp all"],
                    ["PHYSICAL_IN"])
                defer { daemon.stop() }
                var flow = try NumberedFlow(hosts, .physicalIn)
                let count = 400
                try flow.run(count: count, every: .milliseconds(1), arriving: count)
                #expect(flow.numbers.sorted() == Array(0..<count))
                let early = flow.arrivals.filter { $0.delay < .milliseconds(100) }
                let late = flow.arrivals.filter { $0.delay >= .milliseconds(200) }
                #expect(early.count + late.count == count)
                #expect(try daemon.impaired("reordered") == early.count)
                #expect((57...143).contains(early.count), "\(early.count)")
                #expect(early.map(\.number) == early.map(\.number).sorted())
                #expect(late.map(\.number) == late.map(\.number).sorted())
            }
        }

        @Test("Everything at once: what is held and then corrupted, lost or sent on twice")
        func together() throws {
            try HostPair.with { hosts in
                let values = [
                    "delay": "5ms", "jitter": "2ms", "loss": "10%", "duplicate": "10%", "reorder": "10%",
                    "corrupt": "10%", "rate": "100mbit", "seed": "5", "match": "proto udp all",
                ]
                let daemon = try DaemonProcess.impairing(hosts.right, values, ["PHYSICAL_OUT"])
                defer { daemon.stop() }
                var flow = try NumberedFlow(hosts, .physicalOut)
                let count = 1_000
                try flow.run(count: count, every: .microseconds(500), arriving: count - 300)
                let isAccountedFor = try Deadline(.seconds(5)).sees { () throws in
                    try flow.run(count: count, every: .zero, arriving: 0)
                    return try flow.arrivals.count
                        == count - daemon.impaired("lost") - daemon.impaired("corrupted")
                        + daemon.impaired("duplicated")
                }
                #expect(isAccountedFor)
                #expect(flow.arrivals.allSatisfy { $0.isIntact })
                for counter in ["lost", "duplicated", "reordered", "corrupted"] {
                    let counted = try daemon.impaired(counter)
                    #expect((45...145).contains(counted), "\(counter) \(counted)")
                }
            }
        }

        @Test("A delay is changed while packets flow, and what is held already comes when it was to")
        func change() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["delay": "300ms", "match": Self.echo(.inet, .physicalOut)], ["PHYSICAL_OUT"])
                defer { daemon.stop() }
                let socket = try EchoSocket(on: hosts.left, .inet, identifier: 1)
                let start = ContinuousClock.now
                try socket.request([1], sequence: 1, to: hosts.right)
                let isHeld = try Deadline(.seconds(5)).sees { () throws in try daemon.impaired("delayed") == 1 }
                #expect(isHeld)
                _ = try daemon.control("hook", "set", "slow", "delay=20ms")
                #expect(try socket.reply()?.sequence == 1)
                #expect(start.duration(to: .now) >= .milliseconds(300))
                let times = try PingTimes(between: hosts, .inet, count: 50, every: .milliseconds(5))
                #expect((20...22).contains(times.median), "\(times.median) ms")
                _ = try daemon.control("hook", "set", "slow", "delay=0ms")
                #expect(try PingTimes(between: hosts, .inet, count: 50, every: .milliseconds(5)).median < 2)
            }
        }

        @Test("A hook that impairs at eight places at most; the ninth is told which, and nothing is left behind")
        func stamps() throws {
            try HostPair.with { hosts in
                let hooks = (1...9).map { number in
                    InstanceText.Hook(
                        name: "slow\(number)", module: "impair", events: ["PHYSICAL_IN"], values: ["delay": "1ms"])
                }
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: hosts.right.name, hooks: hooks).text)
                defer { daemon.stop() }
                #expect(daemon.waitUntilEnded() != 0)
                #expect(daemon.log.contains("all eight stamps are taken"), "\(daemon.log)")
            }
        }
    }
}
