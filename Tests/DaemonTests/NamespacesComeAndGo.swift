// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// Instances follow the namespaces that they are for.
    @Suite struct NamespacesComeAndGo {
        /// What identifies an instance in `neti-ctl instance list`.
        private struct Row: Equatable {
            var netid: Int
            var name: String
            var netns: String?
            var state: ListInstances.State
            var hooks: Int

            init(_ netid: Int, _ name: String, _ netns: String?, _ state: ListInstances.State, hooks: Int) {
                (self.netid, self.name, self.netns, self.state, self.hooks) = (netid, name, netns, state, hooks)
            }

            /// A named instance whose hook is on four events when it is up.
            init(_ netid: Int, _ name: String, _ state: ListInstances.State) {
                self.init(netid, name, "/run/netns/\(name)", state, hooks: state == .up ? 4 : 0)
            }

            static let global = Row(0, "global", nil, .up, hooks: 0)
        }

        private func rows(_ daemon: DaemonProcess) throws -> [Row] {
            try daemon.instances().map { Row($0.netid, $0.name, $0.netns, $0.state, hooks: $0.hooks) }
        }

        /// Sends some datagrams to the right host and expects that each of them arrives and is counted.
        private func expectCounted(_ hosts: HostPair, by daemon: DaemonProcess) throws {
            func hits() throws -> Int? {
                try daemon.hooks().first {
                    $0.instance == hosts.right.name && $0.family == "inet" && $0.event == "PHYSICAL_IN"
                }?.hits
            }
            let before = try #require(try hits())
            let sender = try UDPSocket(on: hosts.left, .inet)
            let receiver = try UDPSocket(on: hosts.right, .inet)
            for number: UInt8 in 0..<5 {
                try sender.send([number], to: receiver)
                #expect(try receiver.receive()?.bytes == [number])
            }
            // Making the hosts has sent datagrams too, the last of which may be counted now.
            #expect(try hits() ?? 0 >= before + 5)
        }

        /// Removes the right host and expects that the kernel lets it go: the left end of the cable vanishes with it.
        private func expectGone(_ hosts: HostPair, _ daemon: DaemonProcess) throws {
            hosts.right.remove()
            #expect(daemon.sees(hosts.right.name, .gone))
            #expect(
                try Deadline(.seconds(5)).sees { () throws -> Bool in
                    try !hosts.left.ip("-o", "link").contains("\(Host.interface)@")
                }, "something keeps the namespace alive")
            // Of namespaces the daemon holds its own and no other. Others it opens for the microseconds in which it finds out
            // which they are (NamespaceIdentity): each that anybody on this machine makes, and all of them every ten seconds.
            // A single look may meet one of those; what is held would be there at every look.
            var namespaces: [String] = []
            let holdsItsOwn = Deadline(.seconds(5)).sees {
                namespaces = listFolder("/proc/\(daemon.process)/fd").compactMap {
                    readLink("/proc/\(daemon.process)/fd/\($0)").flatMap { $0.hasPrefix("net:") ? $0 : nil }
                }
                return namespaces == [readLink("/proc/\(daemon.process)/ns/net")]
            }
            #expect(holdsItsOwn, "\(namespaces)")
        }

        @Test("An instance waits for its namespace, comes, goes, and comes again with the same netid")
        func waiting() throws {
            let name = HostName.next()
            let daemon = try DaemonProcess(instances: InstanceText(netns: "\(name)").text)
            defer { daemon.stop() }
            try daemon.waitUntilReady()
            #expect(try rows(daemon) == [.global, Row(1, "\(name)", .waiting)])
            #expect(daemon.log.contains("instance '\(name)' waits for its namespace '\(name)' in /run/netns or"))
            for _ in 0..<3 {
                try HostPair.with(rightName: name) { hosts in
                    #expect(daemon.sees("\(name)", .up))
                    #expect(try rows(daemon) == [.global, Row(1, "\(name)", .up)])
                    try expectCounted(hosts, by: daemon)
                    try expectGone(hosts, daemon)
                    #expect(try rows(daemon) == [.global, Row(1, "\(name)", .gone)])
                }
            }
            #expect(daemon.logs("instance '\(name)': its namespace /run/netns/\(name) is gone"))
            #expect(daemon.terminate() == 0)
        }

        @Test("A glob gets an instance for each namespace that is there and each that comes")
        func glob() throws {
            try HostPair.with { early in
                let prefix = early.left.name.prefix { $0 != "-" } + "-" + early.left.name.split(separator: "-")[1]
                let daemon = try DaemonProcess(instances: InstanceText(netns: "\(prefix)-*").text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                // Numbers are given by name where several are there at the start.
                let there = [early.left.name, early.right.name].sorted()
                let known = [Row.global, Row(1, there[0], .up), Row(2, there[1], .up)]
                #expect(try rows(daemon) == known)

                try HostPair.with { late in
                    #expect(daemon.sees(late.left.name, .up))
                    #expect(daemon.sees(late.right.name, .up))
                    let new = try rows(daemon).dropFirst(3)
                    #expect(Set(new.map(\.name)) == [late.left.name, late.right.name])
                    #expect(new.map(\.netid) == [3, 4])
                    #expect(new.allSatisfy { $0.hooks == 4 })
                    try expectCounted(late, by: daemon)
                    try expectGone(late, daemon)
                }
                #expect(try Array(rows(daemon).prefix(3)) == known)
                try expectCounted(early, by: daemon)
            }
        }

        @Test("Each instance is listed with its policy, its hooks and its queues")
        func listings() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: []).text
                        + InstanceText(netns: hosts.left.name, onExit: "closed", hooks: []).text
                        + InstanceText(netns: hosts.right.name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                #expect(
                    try rows(daemon) == [
                        .global, Row(1, hosts.left.name, "/run/netns/\(hosts.left.name)", .up, hooks: 0),
                        Row(2, hosts.right.name, .up),
                    ])
                let instances = try daemon.instances()
                #expect(instances.map(\.onExit) == [.open, .closed, .open])
                #expect(instances.map(\.ordering) == [.documented, .documented, .documented])
                #expect(instances.map { $0.queues.map(\.number) } == [[], [], [0, 1, 2]])
                #expect(try daemon.status().instances == 3)

                func words(_ arguments: String...) throws -> [String] {
                    try daemon.control(["instance", "list"] + arguments).split(separator: "\n").map { line in
                        line.split(separator: " ").joined(separator: " ")
                    }
                }
                let (left, right) = (hosts.left.name, hosts.right.name)
                let rows = try words()
                #expect(
                    rows.dropLast() == [
                        "NETID NAME NETNS STATE ON-EXIT HOOKS RECEIVED DROPPED LOST", "0 global - up open 0 0 0 0",
                        "1 \(left) /run/netns/\(left) up closed 0 0 0 0",
                    ])
                #expect(rows.last?.hasPrefix("2 \(right) /run/netns/\(right) up open 4 ") == true)
                let queues = try words("--queues").dropFirst().map {
                    $0.split(separator: " ").prefix(2).joined(separator: " ")
                }
                #expect(queues == ["\(right) 0", "\(right) 1", "\(right) 2"])
            }
        }

        @Test("netid 0 is the daemon's own namespace, whichever that is, without being asked for")
        func own() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: hosts.left.name).text, on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                #expect(try rows(daemon) == [.global, Row(1, hosts.left.name, .up)])
                #expect(try hosts.right.tables() == [])
                #expect(try hosts.left.tables() == ["ip neti", "ip6 neti"])
            }
        }

        @Test("A namespace deleted under traffic: its instance is gone at once, the daemon serves on")
        func deletedUnderTraffic() throws {
            try HostPair.with { other in
                let name = HostName.next()
                let daemon = try DaemonProcess(
                    instances: InstanceText(netns: "\(name)").text + InstanceText(netns: other.right.name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                for _ in 0..<3 {
                    try HostPair.with(rightName: name) { hosts in
                        #expect(daemon.sees("\(name)", .up))
                        let flood = try Flood(from: hosts.left, to: hosts.right, .inet)
                        defer { flood.stop() }
                        #expect(
                            try Deadline(.seconds(10)).sees { () throws -> Bool in
                                try daemon.hooks().contains { $0.instance == "\(name)" && $0.hits > 1000 }
                            })
                        try expectGone(hosts, daemon)
                        // The cable is gone, and the flood went on until then.
                        #expect(Deadline(.seconds(5)).sees { flood.isRefused })
                    }
                }
                #expect(daemon.sees("\(name)", .gone))
                try expectCounted(other, by: daemon)
                #expect(daemon.terminate() == 0)
            }
        }
    }
}
