// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// Values of persistent kstats outlive the daemon (R178, R179).
    @Suite struct KstatsPersist {
        private static let packets = 20

        private func start(on hosts: HostPair, state: String? = nil) throws -> DaemonProcess {
            let instance = InstanceText(
                netns: hosts.right.name, hooks: [.init(name: "seen", events: ["PHYSICAL_IN"], families: ["inet"])])
            let daemon = try DaemonProcess(instances: instance.text, state: state)
            try daemon.waitUntilReady()
            return daemon
        }

        private func exchange(_ hosts: HostPair) throws {
            let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
            for number in 0..<Self.packets {
                try left.send([UInt8(number)], to: right)
                #expect(try right.receive() != nil)
            }
        }

        /// Packets and bytes of the kstat `count:0:seen`.
        private func seen(_ daemon: DaemonProcess) throws -> [Int] {
            let kstat = try #require(try daemon.kstats("count:0:seen").first)
            #expect(kstat.class == "net")
            #expect(kstat.statistics.map(\.name) == ["packets", "bytes"])
            return kstat.statistics.compactMap { Int($0.value) }
        }

        /// Whether the state file says so, within the interval and some time for a busy machine.
        private func keeps(_ packets: Int, in state: String) -> Bool {
            Deadline(.seconds(10)).sees {
                let text = (try? readFile("\(state)/kstats.json")) ?? ""
                return text.contains(#""value" : "\#(packets)""#)
            }
        }

        /// 20 datagrams of 20 + 8 + 1 bytes.
        private let once = [packets, packets * 29]

        @Test("Killed, a daemon leaves the values; the next one goes on counting from there (R178, R179)")
        func killed() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                #expect(try seen(first) == [0, 0])
                try exchange(hosts)
                #expect(try seen(first) == once)
                #expect(keeps(Self.packets, in: first.folder))
                first.crash()

                let second = try start(on: hosts, state: first.folder)
                defer { second.stop() }
                #expect(try seen(second) == once)
                try exchange(hosts)
                #expect(try seen(second) == once.map { $0 * 2 })
                #expect(keeps(2 * Self.packets, in: first.folder))
                second.crash()

                let third = try start(on: hosts, state: first.folder)
                defer { third.stop() }
                #expect(try seen(third) == once.map { $0 * 2 })
                third.terminate()
            }
        }

        @Test("Told to end, a daemon leaves the values of the last moment (R179)")
        func terminated() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                try exchange(hosts)
                #expect(try seen(first) == once)
                #expect(first.terminate() == 0)
                let second = try start(on: hosts, state: first.folder)
                defer { second.stop() }
                #expect(try seen(second) == once)
                second.terminate()
            }
        }

        @Test(
            "kstat set: the count goes on from what was written, the log tells who did, and a restart keeps it (R180)")
        func set() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                try exchange(hosts)
                #expect(try seen(first) == once)
                let change = try first.controlEnding("kstat", "set", "count:0:seen:packets", "1000000")
                #expect(change.status == 0 && change.output == "", "\(change.output)")
                #expect(try seen(first) == [1_000_000, once[1]])
                #expect(first.logs("a control client changed something"))
                let line = first.log.split(separator: "\n").first { $0.contains("changed something") } ?? ""
                #expect(Set(line.split(separator: " ")).isSuperset(of: ["uid=0", "pid=\(change.process)"]), "\(line)")
                #expect(line.contains("SetKstat") && line.contains("1000000"), "\(line)")
                try exchange(hosts)
                #expect(try seen(first) == [1_000_020, 2 * once[1]])
                first.terminate()
                let second = try start(on: hosts, state: first.folder)
                defer { second.stop() }
                #expect(try seen(second) == [1_000_020, 2 * once[1]])
                second.terminate()
            }
        }

        @Test("kstat set refuses what isn't there, what isn't writable and what is no value (R180)")
        func setRefused() throws {
            try HostPair.with { hosts in
                let daemon = try start(on: hosts)
                defer { daemon.stop() }
                for (name, value, reason) in [
                    ("count:0:seen:packets", "0x1", "value: '0x1' is no value for 'packets', which is uint64"),
                    ("count:0:seen:frames", "1", "value: there is no statistic 'frames'"),
                    ("count:1:seen:packets", "1", "name: there is no kstat count:1:seen"),
                    ("count:0:*:packets", "1", "name: there is no kstat count:0:*"),
                    ("neti:0:queue:received", "1", "kstat neti:0:queue is not writable (Permission denied)"),
                ] {
                    let ending = try daemon.controlEnding("kstat", "set", name, value)
                    #expect(ending.status == 1)
                    #expect(ending.output == "neti-ctl: \(reason)\n")
                }
                let events = try daemon.controlEnding("kstat", "set", "inet:0:PHYSICAL_IN:events", "1")
                #expect(events.status == 1)
                #expect(events.output.contains("netid: there is a kstat inet:0:PHYSICAL_IN in instances 0, "))
                #expect(try seen(daemon) == [0, 0])
            }
        }

        @Test("Values of a namespace that isn't there wait for it, and others don't get them (R169, R179)")
        func absentInstance() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                try exchange(hosts)
                first.terminate()

                let other = InstanceText(netns: hosts.left.name, hooks: [.init(name: "seen")])
                let second = try DaemonProcess(instances: other.text, state: first.folder)
                defer { second.stop() }
                try second.waitUntilReady()
                let netids = try second.kstats("count:0:seen").map(\.netid)
                let left = try second.instance(hosts.left.name)?.netid
                #expect(netids.count == 1 && netids.first == left)
                second.terminate()

                let third = try start(on: hosts, state: first.folder)
                defer { third.stop() }
                #expect(try seen(third) == once)
                third.terminate()
            }
        }

        @Test("Values outlive their namespace: one of the same name that comes later goes on from there (R172, R179)")
        func namespaceReturns() throws {
            try HostPair.with { hosts in
                let name = "\(hosts.right.name)k"
                func exists() throws { _ = try Command.run("ip", ["netns", "add", name]) }
                defer { _ = try? Command.run("ip", ["netns", "delete", name]) }
                try exists()
                let daemon = try DaemonProcess(instances: InstanceText(netns: name, hooks: [.init(name: "seen")]).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                _ = try daemon.control("kstat", "set", "count:0:seen:packets", "12345")
                _ = try Command.run("ip", ["netns", "delete", name])
                #expect(daemon.sees(name, .gone))
                let isReleased = try Deadline(.seconds(5)).sees { () throws in
                    try daemon.controlEnding("kstat", "count:0:seen").status == 1
                }
                #expect(isReleased)
                #expect(keeps(12345, in: daemon.folder))
                try exists()
                #expect(daemon.sees(name, .up))
                #expect(try seen(daemon) == [12345, 0])
                daemon.terminate()
            }
        }

        @Test("A damaged file is told with its cause and set aside, and the daemon runs")
        func damaged() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                first.terminate()
                try writeFile("\(first.folder)/kstats.json", "{\"version\": 1, \"kstats\": [")
                let second = try start(on: hosts, state: first.folder)
                defer { second.stop() }
                #expect(second.logs("\(first.folder)/kstats.json: not the JSON of a state file"), "\(second.log)")
                #expect(try seen(second) == [0, 0])
                #expect(listFolder(first.folder).contains("kstats.json.damaged"))
                second.terminate()
            }
        }

        @Test("Two daemons don't share a state directory: the second says so and keeps nothing")
        func shared() throws {
            try HostPair.with { hosts in
                let first = try start(on: hosts)
                defer { first.stop() }
                let second = try DaemonProcess(
                    instances: InstanceText(netns: hosts.left.name).text, state: first.folder)
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(second.logs("the state directory \(first.folder): another daemon uses it"), "\(second.log)")
                second.terminate()
            }
        }
    }
}
