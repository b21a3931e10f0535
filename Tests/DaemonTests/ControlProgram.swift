// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `neti-ctl` against a running daemon after a known number of packets.
    ///
    /// The daemon runs on the right host itself, as netid 0. Only IPv4 is counted exactly: IPv6 hosts talk unasked.
    @Suite struct ControlProgram {
        /// Told in the order in which they are registered; the chain is filter, before, middle, after, end.
        private static let hooks: [InstanceText.Hook] = [
            .init(name: "end", hint: "last"),
            .init(name: "middle"),
            .init(name: "before", events: ["PHYSICAL_IN"], hint: "before middle"),
            .init(name: "after", families: ["inet"], hint: "after middle"),
            .init(name: "filter", module: "ipf", hint: "first", rules: "ipf.conf"),
        ]

        /// 7 datagrams that pass and 3 that the filter blocks, all inbound; 2 outbound.
        private static let (passed, blocked, sent) = (7, 3, 2)

        private func with(_ body: (HostPair, DaemonProcess) throws -> Void) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: Self.hooks).text,
                    files: ["ipf.conf": "block in quick proto udp from any to any port = 9\n"], on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try exchange(hosts, daemon)
                try body(hosts, daemon)
            }
        }

        private func exchange(_ hosts: HostPair, _ daemon: DaemonProcess) throws {
            let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
            let discard = try UDPSocket(on: hosts.right, .inet, port: 9)
            for number in 0..<Self.passed {
                try left.send([UInt8(number)], to: right)
                #expect(try right.receive() != nil)
            }
            for number in 0..<Self.blocked { try left.send([UInt8(number)], to: discard) }
            for number in 0..<Self.sent {
                try right.send([UInt8(number)], to: left)
                #expect(try left.receive() != nil)
            }
            let isCounted = try Deadline(.seconds(5)).sees { () throws in try daemon.dropped() == Self.blocked }
            #expect(isCounted)
            #expect(try discard.socket.receiveNow() == nil)
        }

        @Test("status: the process, the numbers of instances and hooks, what became of packets; a listing and JSON")
        func status() throws {
            try with { _, daemon in
                let status = try daemon.status()
                #expect(status.pid == Int(daemon.process))
                #expect(status.configuration == "\(daemon.folder)/neti.toml")
                #expect(status.instances == 1)
                #expect(status.hooks == 4 + 4 + 2 + 2 + 4)
                #expect(status.queueMechanism != nil)
                #expect(status.packets.dropped == Self.blocked)
                #expect(status.packets.received == status.packets.passed + status.packets.dropped)
                #expect(status.packets.received >= Self.passed + Self.blocked + Self.sent)

                let lines = try daemon.control("status").split(separator: "\n").map { line in
                    line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
                }
                #expect(lines.contains("process \(daemon.process)"))
                #expect(lines.contains("instances 1"))
                #expect(lines.contains("hooks 16"))
                #expect(lines.contains("dropped 3"))
            }
        }

        @Test(
            "hook list: each chain in order with hints and exact hits; a drop ends the walk (R81, R82)"
        )
        func hookList() throws {
            try with { _, daemon in
                let hooks = try daemon.hooks()
                func chain(_ family: String, _ event: String) -> [String] {
                    hooks.filter { $0.family == family && $0.event == event }.map { hook in
                        let hint = ([hook.hint.rawValue] + [hook.hintValue].compactMap(\.self)).joined(separator: " ")
                        return "\(hook.position) \(hook.name) (\(hint)) \(hook.module ?? "-")"
                    }
                }
                #expect(
                    chain("inet", "PHYSICAL_IN") == [
                        "1 filter (first) ipf", "2 before (before middle) count", "3 middle (none) count",
                        "4 after (after middle) count", "5 end (last) count",
                    ])
                #expect(
                    chain("inet", "PHYSICAL_OUT") == [
                        "1 filter (first) ipf", "2 middle (none) count", "3 after (after middle) count",
                        "4 end (last) count",
                    ])
                #expect(chain("inet6", "PHYSICAL_OUT").count == 3)
                #expect(hooks.allSatisfy { $0.instance == "global" && $0.netid == 0 })
                let hits = hooks.filter { $0.family == "inet" }.map(\.hits)
                let all = Self.passed + Self.blocked
                #expect(hits == [all, Self.passed, Self.passed, Self.passed, Self.passed] + [2, 2, 2, 2])
                #expect(hooks.first?.drops == Self.blocked)

                let listing = try daemon.control("hook", "list", "--instance", "global").split(separator: "\n")
                let row = listing.first { $0.contains(" inet ") && $0.contains(" before ") } ?? ""
                let words = row.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
                #expect(words == "0 global inet PHYSICAL_IN 2 before before middle 7 0 count")
            }
        }

        /// What `kstat -p` prints for some names (R184 to R187).
        private static let statistics = [
            ("inet:0:PHYSICAL_IN:events", "10"), ("inet:0:PHYSICAL_IN:hooksAdded", "5"),
            ("inet:0:PHYSICAL_IN:hooksRemoved", "0"), ("inet:0:PHYSICAL_OUT:events", "2"),
            ("inet:0:PHYSICAL_OUT:hooksAdded", "4"), ("inet6:0:PHYSICAL_IN:hooksAdded", "4"),
            ("inet/PHYSICAL_IN:0:filter:hook_hits", "10"), ("inet/PHYSICAL_IN:0:before:hook_hits", "7"),
            ("inet/PHYSICAL_IN:0:before:hint_value", "middle"), ("inet/PHYSICAL_IN:0:before:position", "2"),
            ("inet/PHYSICAL_IN:0:filter:hint_value", "<none>"), ("inet/PHYSICAL_IN:0:filter:class", "hook"),
            ("inet/PHYSICAL_IN:0:end:position", "5"), ("inet/PHYSICAL_OUT:0:end:hook_hits", "2"),
            ("inet:0:PHYSICAL_OUT:class", "hook_event"),
        ]

        @Test("kstat -p: exact numbers under Solaris' names (R184 to R187)")
        func kstatParseable() throws {
            try with { _, daemon in
                for (name, value) in Self.statistics {
                    let line = try daemon.control("kstat", "-p", name)
                    #expect(line == "\(name)\t\(value)\n")
                }
            }
        }

        @Test(
            "kstat: blocks as kstat(1M) prints them, patterns, names, JSON; status 1 when nothing matches (R184, R185)")
        func kstat() throws {
            try with { _, daemon in
                let block = try daemon.control("kstat", "inet:0:PHYSICAL_IN").split(separator: "\n")
                    .filter { !$0.contains("crtime") && !$0.contains("snaptime") }
                #expect(
                    block == [
                        "module: inet                            instance: 0",
                        "name:   PHYSICAL_IN                     class:    hook_event",
                        "        events                          10",
                        "        hooksAdded                      5",
                        "        hooksRemoved                    0",
                    ])
                let hits = try daemon.control("kstat", "-p", "inet/PHYSICAL_IN:::hook_hits")
                #expect(
                    hits
                        == ["after", "before", "end", "filter", "middle"].map { name in
                            "inet/PHYSICAL_IN:0:\(name):hook_hits\t\(name == "filter" ? 10 : 7)\n"
                        }.joined())
                #expect(
                    try daemon.control("kstat", "-l", "inet:0:PHYSICAL_OUT:hooks*")
                        == "inet:0:PHYSICAL_OUT:hooksAdded\ninet:0:PHYSICAL_OUT:hooksRemoved\n")

                let all = try daemon.kstats("::")
                #expect(all.count(where: { $0.class == "hook_event" }) == 17)
                #expect(all.count(where: { $0.class == "hook" }) == 16)
                let filter = all.first { $0.module == "inet/PHYSICAL_IN" && $0.name == "filter" }
                let fields = ["version", "flags", "hint", "hint_value", "position", "hook_hits"]
                #expect(filter?.statistics.map(\.name) == fields)
                #expect(filter?.statistics.map(\.type) == [.int32, .uint32, .int32, .string, .int32, .uint64])
                #expect(all.allSatisfy { $0.netid == 0 && $0.crtime > 0 && $0.snaptime >= $0.crtime })

                let nothing = try daemon.controlEnding("kstat", "-p", "inet:0:PHYSICAL_SIDEWAYS:events")
                #expect(nothing.status == 1)
                #expect(nothing.output == "")
            }
        }

        @Test("kstat: each queue tells what became of its packets, and the sizes of batches add up")
        func queueKstats() throws {
            try with { _, daemon in
                // A pump counts a batch after its verdicts have left.
                _ = try Deadline(.seconds(5)).sees { () throws in
                    let lines = try daemon.control("kstat", "-p", "neti::queue:received").split(separator: "\n")
                    let received = lines.compactMap { Int($0.split(separator: "\t").last ?? "") }
                    return received.reduce(0, +) >= Self.passed + Self.blocked + Self.sent
                }
                let queues = try daemon.kstats("neti::queue")
                #expect(queues.map(\.instance) == [0, 1, 2])
                #expect(queues.allSatisfy { $0.class == "net" && $0.netid == 0 })
                func total(_ name: String) -> Int {
                    queues.flatMap(\.statistics).filter { $0.name == name }.reduce(0) { $0 + (Int($1.value) ?? 0) }
                }
                #expect(total("user_drops") == Self.blocked)
                #expect(total("received") >= Self.passed + Self.blocked + Self.sent)
                #expect(total("verdicts") == total("received"))
                #expect(total("accepted") == total("received") - Self.blocked)
                for name in ["queue_full_drops", "socket_full_drops", "enobufs", "verdict_errors", "malformed"] {
                    #expect(total(name) == 0, "\(name)")
                }
                let sizes = queues[0].statistics.map(\.name).filter { $0.hasPrefix("batch_") }
                #expect(
                    sizes == [
                        "batch_1", "batch_2_3", "batch_4_7", "batch_8_15", "batch_16_31", "batch_32_63", "batch_64",
                    ])
                #expect(sizes.reduce(0) { $0 + total($1) } == total("batches"))
                #expect(total("batches") > 0)
            }
        }

        @Test("log-level: the log grows and shrinks from then on, and tells who changed it")
        func logLevel() throws {
            try with { _, daemon in
                func refuse() throws { #expect(try daemon.controlEnding("hook", "list", "-i", "nobody").status == 1) }
                try refuse()
                #expect(!daemon.log.contains(" debug "))

                let change = try daemon.controlEnding("log-level", "debug")
                #expect(change.status == 0)
                #expect(change.output == "")
                #expect(daemon.logs("a control client changed something"))
                let line = daemon.log.split(separator: "\n").first { $0.contains("changed something") } ?? ""
                let words = Set(line.split(separator: " "))
                #expect(words.isSuperset(of: ["uid=0", "pid=\(change.process)"]), "\(line)")
                #expect(line.contains("SetLogLevel") && line.contains("debug"), "\(line)")
                try refuse()
                #expect(daemon.logs(" debug neti: refused a call"))

                #expect(try daemon.controlEnding("log-level", "error").status == 0)
                let before = daemon.log
                try refuse()
                #expect(daemon.terminate() == 0)
                #expect(daemon.log == before)
            }
        }

        @Test("An instance that isn't there: one line, status 1")
        func noSuchInstance() throws {
            try with { _, daemon in
                let ending = try daemon.controlEnding("hook", "list", "--instance", "nobody")
                #expect(ending.status == 1)
                #expect(ending.output == "neti-ctl: no instance is named 'nobody'\n")
            }
        }

        @Test(
            "The daemon absent, or dead: one line, status 1",
            arguments: [
                ["status"], ["instance", "list"], ["hook", "list"], ["kstat"], ["log-level", "info"],
                ["status", "--json"],
            ])
        func absent(arguments: [String]) throws {
            let program = try DaemonProcess.program("neti-ctl")
            func expectOneLine(_ path: String, _ reason: String) throws {
                let ending = try Command.end(program, arguments + ["--socket", path])
                #expect(ending.status == 1)
                #expect(ending.output == "neti-ctl: no daemon answers at \(path): \(reason)\n")
            }
            try expectOneLine("/tmp/neti-\(getpid())-absent.sock", "No such file or directory")
            let daemon = try DaemonProcess(instances: "")
            defer { daemon.stop() }
            try daemon.waitUntilReady()
            daemon.crash()
            try expectOneLine(daemon.controlSocket, "Connection refused")
        }

        @Test("The control socket has mode 0660 while the daemon runs, and is gone with it")
        func socketMode() throws {
            let daemon = try DaemonProcess(instances: "")
            defer { daemon.stop() }
            try daemon.waitUntilReady()
            var status = stat()
            #expect(unsafe lstat(daemon.controlSocket, &status) == 0)
            #expect(status.st_mode == S_IFSOCK | 0o660)
            #expect(daemon.terminate() == 0)
            #expect(!listFolder(daemon.folder).contains("neti.sock"))
        }
    }
}
