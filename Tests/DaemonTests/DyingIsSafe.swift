// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// What becomes of a namespace's packets when its daemon ends, by itself or not, with traffic in both directions
    /// and families all the time.
    @Suite struct DyingIsSafe {
        /// A daemon whose hook is on everything that the right host receives and sends.
        private func start(_ onExit: String, on hosts: HostPair) throws -> DaemonProcess {
            let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name, onExit: onExit).text)
            try daemon.waitUntilReady()
            return daemon
        }

        @Test(
            "Killed with on-exit open: traffic flows on after less than 200 datagrams of 1,000 a second, no table stays"
        )
        func killedOpen() throws {
            try HostPair.with { hosts in
                let daemon = try start("open", on: hosts)
                defer { daemon.stop() }
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(200))
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
                #expect(try daemon.hooks().allSatisfy { $0.hits >= 200 })

                daemon.crash()
                #expect(try hosts.right.tables() == [])
                #expect(traffic.brings(300))
                // Those that waited for a verdict die with the queue; the others pass as soon as the process is gone.
                for (flow, tally) in try traffic.stop() { #expect(tally.longestGap < 200, "\(flow)") }
            }
        }

        @Test("A daemon without instances leaves what a dead one with on-exit closed left in its own namespace")
        func othersRulesStay() throws {
            try HostPair.with { hosts in
                let instances = """
                    [[instance]]
                    name = "global"
                    on-exit = "closed"

                      [[instance.hook]]
                      name = "look"
                      module = "count"
                      events = ["PHYSICAL_IN"]

                    """
                let first = try DaemonProcess(instances: instances, on: hosts.right)
                defer { first.stop() }
                try first.waitUntilReady()
                first.crash()
                let second = try DaemonProcess(instances: "", on: hosts.right)
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
            }
        }

        @Test("Killed with on-exit closed: nothing passes until a new daemon, which replaces the stale tables")
        func killedClosed() throws {
            try HostPair.with { hosts in
                let first = try start("closed", on: hosts)
                defer { first.stop() }
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(200))

                first.crash()
                try expectNothingPasses(traffic, hosts)
                for family in NetworkFamily.ip {
                    #expect(try hosts.right.tableMaker(family) == "\(first.process)")
                }

                let second = try start("closed", on: hosts)
                defer { second.stop() }
                #expect(traffic.brings(300))
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
                for family in NetworkFamily.ip {
                    #expect(try hosts.right.tableMaker(family) == "\(second.process)")
                }
                #expect(try second.hooks().allSatisfy { $0.hits >= 300 })
            }
        }

        @Test("Told to end with on-exit open: no packet is lost, no table stays")
        func terminatedOpen() throws {
            try HostPair.with { hosts in
                let daemon = try start("open", on: hosts)
                defer { daemon.stop() }
                let traffic = try Traffic(between: hosts, pace: .window(32))
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(500))
                #expect(try daemon.hooks().allSatisfy { $0.hits >= 500 })

                #expect(daemon.terminate() == 0)
                #expect(try hosts.right.tables() == [])
                #expect(daemon.log.contains("instance '\(hosts.right.name)' is down; packets pass"), "\(daemon.log)")
                #expect(traffic.brings(500))
                for (flow, tally) in try traffic.stop() {
                    #expect(tally.arrived.sorted() == Array(1...tally.sent), "\(flow)")
                }
            }
        }

        @Test("Told to end with on-exit closed: traffic stops, and the log says so")
        func terminatedClosed() throws {
            try HostPair.with { hosts in
                let daemon = try start("closed", on: hosts)
                defer { daemon.stop() }
                #expect(daemon.log.contains("without the daemon packets stop"))
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(200))

                #expect(daemon.terminate() == 0)
                try expectNothingPasses(traffic, hosts)
                #expect(try hosts.right.tables() == ["ip neti", "ip6 neti"])
                #expect(daemon.log.contains("instance '\(hosts.right.name)' is down; packets stop"), "\(daemon.log)")
            }
        }

        @Test("A new daemon that hooks less, or nothing, takes the whole stale barrier away", arguments: [true, false])
        func successorHooksLess(hooksInet: Bool) throws {
            try HostPair.with { hosts in
                let first = try start("closed", on: hosts)
                defer { first.stop() }
                first.crash()
                var instance = InstanceText(netns: hosts.right.name, onExit: "closed", hooks: [])
                if hooksInet { instance.hooks = [.init(name: "counter", events: ["PHYSICAL_IN"], families: ["inet"])] }
                let second = try DaemonProcess(instances: instance.text)
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(try hosts.right.tables() == (hooksInet ? ["ip neti"] : []))
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(10))
            }
        }

        @Test("What a filter blocks doesn't slip through while a new daemon takes over from a killed one")
        func successorLeaksNothing() throws {
            try HostPair.with { hosts in
                // Ahead of the filter are hooks that have a rule in place before the filter is there.
                let instance = InstanceText(
                    netns: hosts.right.name, onExit: "closed",
                    hooks: [.counter, .init(name: "second"), .init(name: "third"), .filter])
                let rules = ["ipf.conf": "block in quick proto udp all\nblock out quick proto udp all\n"]
                let traffic = try Traffic(between: hosts, pace: .steady)
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(1))
                var filtering = try DaemonProcess(instances: instance.text, files: rules)
                try filtering.waitUntilReady()
                let before = traffic.tallies
                for _ in 0..<5 {
                    #expect(traffic.sends(50))
                    filtering.crash()
                    filtering = try DaemonProcess(instances: instance.text, files: rules)
                    try filtering.waitUntilReady()
                }
                #expect(traffic.sends(50))
                #expect(try filtering.dropped() > 0)
                for (flow, tally) in try traffic.stop() {
                    // The last one of before may have been on its way.
                    #expect(tally.arrivals(after: (before[flow]?.sent ?? 0) + 1) == 0, "\(flow)")
                }
            }
        }

        /// Expects that no datagram arrives that is sent from now on, though they do reach the filtered host.
        private func expectNothingPasses(_ traffic: Traffic, _ hosts: HostPair) throws {
            let before = traffic.tallies
            let packetsBefore = try hosts.right.packetsReceived()
            #expect(traffic.sends(300))
            let after = traffic.tallies
            for flow in Traffic.Flow.all {
                let (before, after) = (before[flow] ?? .init(), after[flow] ?? .init())
                // The last one of before may have been on its way.
                #expect(after.arrivals(after: before.sent + 1) == 0, "\(flow)")
            }
            #expect(try hosts.right.packetsReceived() - packetsBefore >= 600)
        }
    }
}
