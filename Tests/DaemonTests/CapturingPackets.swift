// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// `neti-ctl capture` on real packets, read by tshark.
    @Suite struct CapturingPackets {
        private static let rules = "block in quick proto udp from any to any port = 9\n"
        private static let hooks: [InstanceText.Hook] = [
            .counter, .init(name: "filter", module: "ipf", events: ["PHYSICAL_IN"], rules: "ipf.conf"),
        ]

        /// What tshark tells of a packet.
        private struct Line: Hashable {
            var comment: String
            var place: String
            var direction: String
            var port: String
            var payload: String
        }

        private func with(
            hooks: [InstanceText.Hook] = hooks, _ body: (HostPair, DaemonProcess) throws -> Void
        ) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(
                    instances: InstanceText(hooks: hooks).text, files: ["ipf.conf": Self.rules], on: hosts.right)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try body(hosts, daemon)
            }
        }

        /// Datagrams 0, 1, 2 to port 4242 and back, 3 and 4 to port 9, which the filter stops.
        private func exchange(_ hosts: HostPair, _ family: NetworkFamily = .inet) throws {
            let left = try UDPSocket(on: hosts.left, family)
            let right = try UDPSocket(on: hosts.right, family, port: 4242)
            let discard = try UDPSocket(on: hosts.right, family, port: 9)
            for number in 0..<3 {
                try left.send([UInt8(number)], to: right)
                #expect(try right.receive() != nil)
                try right.send([UInt8(number)], to: left)
                #expect(try left.receive() != nil)
            }
            for number in 3..<5 { try left.send([UInt8(number)], to: discard) }
        }

        /// What tshark reads in a capture, in order.
        private func read(_ path: String) throws -> [Line] {
            let fields = [
                "frame.comment", "frame.interface_name", "frame.packet_flags_direction", "udp.dstport", "data.data",
            ]
            let text = try Command.run(
                "tshark",
                ["-r", path, "-Y", "udp", "-T", "fields", "-E", "separator=|"] + fields.flatMap { ["-e", $0] })
            return text.split(separator: "\n").filter { $0.contains("|") }.compactMap { line in
                let words = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
                guard words.count == 5 else { return nil }
                return Line(comment: words[0], place: words[1], direction: words[2], port: words[3], payload: words[4])
            }
        }

        @Test("tshark reads each packet with its verdict, the hook that stopped it, and where it was met")
        func everything() throws {
            try with { hosts, daemon in
                let capture = try CaptureProcess(daemon, "--match", "proto udp from any to any")
                try exchange(hosts)
                #expect(capture.holds { $0 >= 8 })
                #expect(capture.interrupt() == 0)
                let lines = try read(capture.path).filter { $0.payload.count == 2 }
                let inbound = lines.filter { $0.direction == "0x00000001" }
                let outbound = lines.filter { $0.direction == "0x00000002" }
                #expect(inbound.map(\.payload) == ["00", "01", "02", "03", "04"])
                #expect(
                    inbound.map(\.comment) == ["pass", "pass", "pass", "drop by filter", "drop by filter"])
                #expect(inbound.map(\.port) == ["4242", "4242", "4242", "9", "9"])
                #expect(Set(inbound.map(\.place)) == ["global PHYSICAL_IN \(Host.interface)"])
                #expect(outbound.map(\.payload) == ["00", "01", "02"])
                #expect(outbound.allSatisfy { $0.comment == "pass" })
                #expect(Set(outbound.map(\.place)) == ["global PHYSICAL_OUT \(Host.interface)"])
                #expect(capture.words.contains(" captured, 0 lost"), "\(capture.words)")
            }
        }

        @Test(
            "Each option takes some packets and leaves the others",
            arguments: [
                (["--verdict", "drop"], ["in 03", "in 04"]), (["--hook", "filter"], ["in 03", "in 04"]),
                (["--hook", "counter"], []),
                (["--verdict", "pass", "--event", "PHYSICAL_IN"], ["in 00", "in 01", "in 02"]),
                (["--event", "PHYSICAL_OUT"], ["out 00", "out 01", "out 02"]),
                (["--match", "on \(Host.interface) proto udp from any to any port = 9"], ["in 03", "in 04"]),
                (["--match", "on lo all"], []), (["--family", "inet6"], []),
                (
                    [
                        "--instance", "global", "--event", "PHYSICAL_IN", "--match", "proto udp from any to any",
                        "--count", "2",
                    ], ["in 00", "in 01"]
                ),
            ])
        func options(arguments: [String], expected: [String]) throws {
            try with { hosts, daemon in
                let capture = try CaptureProcess(daemon, arguments: arguments)
                // Sees all, so that the other one has seen all too.
                let witness = try CaptureProcess(daemon, "--match", "proto udp from any to any")
                try exchange(hosts)
                #expect(witness.holds { $0 >= 8 })
                if arguments.contains("--count") {
                    #expect(capture.waitUntilEnded() == 0)
                } else {
                    _ = Deadline(.seconds(5)).sees { (try? read(capture.path).count) ?? 0 >= expected.count }
                    #expect(capture.interrupt() == 0)
                }
                let lines = try read(capture.path).filter { $0.payload.count == 2 }
                let told = lines.map { ($0.direction == "0x00000001" ? "in " : "out ") + $0.payload }
                #expect(told == expected)
            }
        }

        @Test("Packets are cut to what is wanted, and tell how long they were; changed and marked ones say so")
        func cut() throws {
            try with { hosts, daemon in
                let capture = try CaptureProcess(
                    daemon, "--snaplen", "20", "--event", "PHYSICAL_IN", "--match", "proto udp from any to any")
                try exchange(hosts)
                #expect(capture.holds { $0 >= 5 })
                #expect(capture.interrupt() == 0)
                let text = try Command.run(
                    "tshark", ["-r", capture.path, "-T", "fields", "-e", "frame.cap_len", "-e", "frame.len"])
                let lengths = Set(text.split(separator: "\n").filter { $0.hasPrefix("36") })
                // 16 bytes stand before each packet.
                #expect(lengths == ["36\t45"])
            }
        }

        @Test("Whoever doesn't read loses packets and is told how many; no packet waits for him, and others lose none")
        func slowReader() throws {
            try with(hooks: [.counter]) { hosts, daemon in
                let status = try daemon.status()
                // Stopped as by Ctrl-Z: its pipe fills, then the socket, then the rings.
                let slow = try CaptureProcess(daemon)
                kill(slow.process, SIGSTOP)
                let flood = try Flood(from: hosts.left, to: hosts.right, .inet)
                defer { flood.stop() }
                let isFull = try Deadline(.seconds(60)).sees { () throws in
                    try daemon.status().packets.received > status.packets.received + 400_000
                }
                #expect(isFull)
                flood.stop()
                // What it left in the queue may leave no room for another packet.
                let isEmpty = try Deadline(.seconds(10)).sees { () throws in
                    try daemon.instances().allSatisfy { $0.queues.allSatisfy { $0.waiting == 0 } }
                }
                #expect(isEmpty)
                try exchange(hosts)
                kill(slow.process, SIGCONT)
                // Each reply tells how many are lost; those that were sent before that lie in the socket.
                #expect(slow.grows(by: 1 << 20))
                #expect(slow.interrupt() == 0)
                #expect(!slow.words.contains(", 0 lost"), "\(slow.words)")
            }
        }

        @Test("One capture too many is refused, and possible again when another one has ended")
        func tooMany() throws {
            try with { _, daemon in
                var captures = try (0..<4).map { _ in try CaptureProcess(daemon) }
                let refused = try daemon.controlEnding("capture", "-w", "/dev/null")
                #expect(refused.status == 1)
                #expect(refused.output.contains("there are 4 captures, no more may be"), "\(refused.output)")
                #expect(captures.removeLast().interrupt() == 0)
                let isPossible = try Deadline(.seconds(5)).sees { () throws in
                    try daemon.controlEnding("capture", "-w", "/dev/null", "-d", "0.1").status == 0
                }
                #expect(isPossible)
            }
        }

        @Test(
            "What can't be captured is told in one line with status 1",
            arguments: [
                (["-i", "nobody"], "no instance is named 'nobody'"),
                (["-e", "OBSERVING"], "no verdicts at 'OBSERVING'"), (["-e", "SIDEWAYS"], "no verdicts at 'SIDEWAYS'"),
                (["-f", "arp"], "'arp' is neither inet nor inet6"),
                (["-m", "proto telnet"], "match"),
            ])
        func refusals(arguments: [String], reason: String) throws {
            try with { _, daemon in
                let ending = try daemon.control(ending: ["capture", "-w", "/dev/null"] + arguments)
                #expect(ending.status == 1)
                #expect(ending.output.contains(reason), "\(ending.output)")
            }
        }
    }
}
