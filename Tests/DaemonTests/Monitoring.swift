// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `neti-ctl monitor` while namespaces come and go and packets flow.
    @Suite struct Monitoring {
        /// A line without its time, which is checked for its form.
        private func withoutTime(_ line: String) -> String {
            let form = line.prefix(26).map { $0.isNumber ? "0" : String($0) }.joined()
            #expect(form == "0000-00-00T00:00:00.000Z  ", "\(line)")
            return String(line.dropFirst(26))
        }

        /// Waits until so many lines are there; all of them, without their times.
        private func lines(_ monitor: MonitorProcess, _ count: Int) -> [String] {
            _ = Deadline(.seconds(10)).sees { monitor.lines.count >= count }
            return monitor.lines.map(withoutTime)
        }

        /// What is told of the families and events of an instance, and of hooks named `counter` on PHYSICAL_IN and
        /// PHYSICAL_OUT of both IP families: all that comes in the order of T1 and all that goes in the order of T3.
        private let notifications: (come: [String], gone: [String]) = {
            let come = [
                "PHYSICAL_IN", "PHYSICAL_OUT", "FORWARDING", "LOOPBACK_IN", "LOOPBACK_OUT", "NIC_EVENTS", "OBSERVING",
            ]
            let go = [
                "FORWARDING", "PHYSICAL_IN", "PHYSICAL_OUT", "LOOPBACK_IN", "LOOPBACK_OUT", "NIC_EVENTS", "OBSERVING",
            ]
            let arp = ["PHYSICAL_IN", "PHYSICAL_OUT", "NIC_EVENTS"]
            let hooked = ["PHYSICAL_IN", "PHYSICAL_OUT"]
            func came(_ family: String, _ events: [String]) -> [String] { [family] + events.map { "\(family) \($0)" } }
            let ended = [("inet", go), ("inet6", go)].flatMap { family, events in
                events.flatMap { event in
                    (hooked.contains(event) ? ["\(family) \(event) counter"] : []) + ["\(family) \(event)"]
                } + [family]
            }
            return (
                came("inet", come) + came("inet6", come) + came("arp", arp)
                    + ["inet", "inet6"].flatMap { family in hooked.map { "\(family) \($0) counter" } },
                ended + arp.map { "arp \($0)" } + ["arp"]
            )
        }()

        @Test(
            """
            A namespace that comes and goes: each family, event and hook, in order; interrupted, the status is 0 \
            (R6, R132, R134 to R136, R141)
            """)
        func namespaceComesAndGoes() throws {
            let name = HostName.next()
            let daemon = try DaemonProcess(instances: InstanceText(netns: "\(name)").text)
            defer { daemon.stop() }
            try daemon.waitUntilReady()
            let monitor = try MonitorProcess(daemon, "--kind", "instance", "--kind", "notification")
            let other = try MonitorProcess(daemon, "--instance", "global")
            for round in 0..<2 {
                try HostPair.with(rightName: name) { hosts in
                    #expect(daemon.sees("\(name)", .up))
                    hosts.right.remove()
                    #expect(daemon.sees("\(name)", .gone))
                }
                let column = "\(name)".padding(8)
                let expected =
                    notifications.come.map { "notification  \(column)  register \($0)" }
                    + ["instance      \(column)  up, netid 1", "instance      \(column)  gone, netid 1"]
                    + notifications.gone.map { "notification  \(column)  unregister \($0)" }
                let told = lines(monitor, 1 + (round + 1) * expected.count)
                #expect(told.first == "ready")
                #expect(Array(told.dropFirst(1 + round * expected.count)) == expected)
            }
            #expect(monitor.interrupt() == 0)
            #expect(other.interrupt() == 0)
            #expect(other.lines.map(withoutTime) == ["ready"])
        }

        @Test("kstats of an instance that comes and goes are told as created and deleted (R184, R185)")
        func kstatsComeAndGo() throws {
            let name = HostName.next()
            let daemon = try DaemonProcess(instances: InstanceText(netns: "\(name)").text)
            defer { daemon.stop() }
            try daemon.waitUntilReady()
            let monitor = try MonitorProcess(daemon, "--kind", "kstat", "--instance", "\(name)")
            func told(_ action: String) -> Bool {
                ["inet:0:PHYSICAL_IN", "inet6:0:PHYSICAL_OUT", "inet/PHYSICAL_IN:0:counter"].allSatisfy { kstat in
                    monitor.writes { $0.hasSuffix("  \(name)  \(action) \(kstat)") }
                }
            }
            try HostPair.with(rightName: name) { hosts in
                #expect(told("created"))
                #expect(!monitor.lines.contains { $0.contains(" deleted ") })
                hosts.right.remove()
                #expect(told("deleted"))
            }
            #expect(monitor.interrupt() == 0)
        }

        @Test("kstats under traffic: each change begins where the last one ended, the last is what kstat says (R185)")
        func kstatsChange() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: [.init(name: "counter", families: ["inet"])]).text, on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let path = "inet/PHYSICAL_IN:0:counter:hook_hits"
                func hits() throws -> String {
                    String(try daemon.control("kstat", "-p", path).dropFirst(path.count + 1).dropLast())
                }
                let before = try hits()
                let monitor = try MonitorProcess(daemon, "--kind", "kstat", "--json")
                func changes() throws -> [Monitor.KstatChange] {
                    try monitor.lines.compactMap { line in
                        let event = try JSONDecoder().decode(Monitor.Event.self, from: Data(line.utf8))
                        if let kstat = event.kstat {
                            #expect(event.instance == "global" && event.netid == 0)
                            return kstat
                        }
                        #expect(event.ready == true)
                        return nil
                    }
                    .filter { "\($0.module):\($0.instance):\($0.name):\($0.statistic ?? "-")" == path }
                }
                let sender = try UDPSocket(on: hosts.left, .inet)
                let receiver = try UDPSocket(on: hosts.right, .inet)
                // Until three looks have seen something new.
                let isTold = try Deadline(.seconds(20)).sees { () throws -> Bool in
                    try sender.send([1], to: receiver)
                    #expect(try receiver.receive() != nil)
                    return try changes().count >= 3
                }
                #expect(isTold)
                let last = try hits()
                #expect(try Deadline(.seconds(10)).sees { () throws in try changes().last?.new == last })
                let told = try changes()
                #expect(told.allSatisfy { $0.action == .changed && $0.class == "hook" })
                #expect(told.map(\.old) == [before] + told.map(\.new).dropLast())
                #expect(monitor.interrupt() == 0)
            }
        }

        @Test("Interfaces that come and go are told for each protocol (R192)")
        func interfacesComeAndGo() throws {
            try HostPair.with { hosts in
                let name = hosts.right.name
                let daemon = try DaemonProcess(instances: InstanceText(netns: name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let monitor = try MonitorProcess(daemon, "--kind", "nic", "--instance", name)
                func told(_ event: String) -> Bool {
                    ["inet", "inet6"].allSatisfy { family in
                        monitor.writes {
                            $0.contains("  nic           \(name.padding(8))  \(event) \(family) probe0 index ")
                        }
                    }
                }
                try hosts.right.ip("link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
                #expect(told("NE_PLUMB"))
                try hosts.right.ip("link", "delete", "probe0")
                #expect(told("NE_UNPLUMB"))
                #expect(monitor.interrupt() == 0)
            }
        }

        @Test("The daemon killed: one line, status 1; the daemon told to stop: the same, and at once")
        func daemonGoes() throws {
            for isKilled in [true, false] {
                let daemon = try DaemonProcess(instances: "")
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let monitor = try MonitorProcess(daemon)
                // One that doesn't read keeps nobody from stopping.
                let asleep = try MonitorProcess(daemon)
                kill(asleep.process, SIGSTOP)
                if isKilled { daemon.crash() } else { #expect(daemon.terminate() == 0) }
                #expect(monitor.waitUntilEnded() == 1)
                #expect(monitor.lines.count == 2)
                #expect(monitor.lines.last == "neti-ctl: the daemon closed the connection")
                kill(asleep.process, SIGCONT)
                #expect(asleep.waitUntilEnded() == 1)
            }
        }

        @Test("One that was stopped for a while keeps nobody waiting, and is told afterwards what has happened")
        func oneIsStopped() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                let stopped = try MonitorProcess(daemon, "--kind", "instance")
                kill(stopped.process, SIGSTOP)
                let other = try MonitorProcess(daemon, "--kind", "instance")
                hosts.right.remove()
                #expect(other.writes { $0.hasSuffix("  gone, netid 1") })
                #expect(stopped.lines.count == 1)
                kill(stopped.process, SIGCONT)
                #expect(stopped.writes { $0.hasSuffix("  gone, netid 1") })
                #expect(stopped.interrupt() == 0)
                #expect(other.interrupt() == 0)
            }
        }
    }
}

extension String {
    fileprivate func padding(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
