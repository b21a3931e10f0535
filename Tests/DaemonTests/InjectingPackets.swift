// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import LiveHost
import Neti
import NetiControl
import Packet
import Testing

extension RunningDaemon {
    /// `neti-ctl inject` with real packets in the namespace of the right host.
    @Suite struct InjectingPackets {
        private static let port: UInt16 = 4711

        private func with(_ body: (HostPair, DaemonProcess) throws -> Void) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                try body(hosts, daemon)
            }
        }

        /// Three numbered datagrams of each family, inbound for queue-in, else outbound.
        private func packets(_ hosts: HostPair, _ style: String, count: Int = 3) throws -> [[UInt8]] {
            try NetworkFamily.ip.flatMap { family in
                let (left, right) = (hosts.left.address(family), hosts.right.address(family))
                let header = style == "queue-in" ? IPHeader(from: left, to: right) : IPHeader(from: right, to: left)
                return try (0..<count).map { number in
                    try header.packet(.udp(from: 9, to: Self.port), payload: [UInt8(number), 0xEE])
                }
            }
        }

        /// Writes a pcap file of Ethernet frames into the daemon's folder; its path.
        private func capture(_ packets: [[UInt8]], _ daemon: DaemonProcess) throws -> String {
            func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
            var file = word(0xA1B2_C3D4) + [2, 0, 4, 0] + word(0) + word(0) + word(65_535) + word(1)
            for packet in packets {
                let type: [UInt8] = packet[0] >> 4 == 6 ? [0x86, 0xDD] : [8, 0]
                let frame = [UInt8](repeating: 2, count: 12) + type + packet
                file += word(0) + word(0) + word(frame.count) + word(frame.count) + frame
            }
            let path = "\(daemon.folder)/packets.pcap"
            try Data(file).write(to: URL(filePath: path))
            return path
        }

        private func injection(_ name: String, _ daemon: DaemonProcess) throws -> Int {
            let line = try daemon.control("kstat", "-p", "neti:0:injection:\(name)")
            return Int(line.split(whereSeparator: \.isWhitespace).last ?? "") ?? -1
        }

        @Test(
            "A file by each style arrives in order, both families, past as many hooks as the style says (R144 to R147)",
            arguments: ["queue-in", "queue-out", "direct-out"])
        func eachStyle(style: String) throws {
            try with { hosts, daemon in
                let sent = try packets(hosts, style)
                let receivers = try NetworkFamily.ip.map { family in
                    try UDPSocket(on: style == "queue-in" ? hosts.right : hosts.left, family, port: Self.port)
                }
                let wire = try CaptureSocket(on: hosts.left)
                var words = ["--style", style, try capture(sent, daemon)]
                if style != "queue-out" { words += ["--interface", Host.interface] }
                let output = try daemon.control(["inject", "--netns", hosts.right.name] + words)
                #expect(output.hasPrefix("sent 6 packets in "))
                for receiver in receivers {
                    for number in 0..<3 { #expect(try receiver.receive()?.bytes == [UInt8(number), 0xEE]) }
                }
                if style != "queue-in" {
                    for packet in sent {
                        // The kernel may fill in the identification of an IPv4 header.
                        let frame = try wire.frame { frame in
                            frame.bytes.count == packet.count && frame.bytes[0] == packet[0]
                                && frame.bytes.suffix(10) == packet.suffix(10)
                        }
                        #expect(frame?.isOutgoing == false)
                    }
                }
                let hits = Dictionary(grouping: try daemon.hooks(), by: \.event).mapValues { $0.map(\.hits) }
                // IPv6 hosts talk unasked; IPv4 ones don't.
                #expect(hits["PHYSICAL_IN"]?.first == (style == "queue-in" ? 3 : 0))
                #expect(hits["PHYSICAL_OUT"]?.first == (style == "queue-out" ? 3 : 0))
                #expect(try daemon.status().injection.injected == 6)
            }
        }

        @Test("Packets in hexadecimal; no such interface: the reason in words, status 1, counted in the kstat (R147)")
        func unknownInterface() throws {
            try with { hosts, daemon in
                let hex = HexadecimalBytes(try packets(hosts, "queue-in", count: 1)[0]).text
                for style in ["queue-in", "direct-out"] {
                    let ending = try daemon.controlEnding(
                        "inject", "-i", hosts.right.name, "--style", style, "--interface", "veth9", "--quiet", "--hex",
                        hex)
                    #expect(ending.status == 1)
                    #expect(
                        ending.output == """
                            neti-ctl: refused 1 packet: interface 'veth9' is not there in instance '\(hosts.right.name)'

                            """)
                }
                #expect(try injection("unknown_interface", daemon) == 2)
                let address = try daemon.controlEnding(
                    "inject", "-i", hosts.right.name, "--style", "direct-out", "--next-hop", "nobody", "--hex", hex)
                #expect(address.status == 1)
                #expect(address.output == "neti-ctl: nextHop: 'nobody' is no address\n")
            }
        }

        @Test("Five times as many packets as the list holds, as fast as they go: none is lost, one line in the log")
        func backPressure() throws {
            try with { hosts, daemon in
                let path = try capture(try packets(hosts, "queue-in", count: 100), daemon)
                let ending = try daemon.controlEnding(
                    "inject", "-i", hosts.right.name, "--style", "queue-in", "--interface", Host.interface, "--loop",
                    "--count", "20000", path)
                #expect(ending.status == 0, "\(ending.output)")
                #expect(ending.output.hasPrefix("sent 20000 packets in "))
                #expect(
                    try Deadline(.seconds(10)).sees { () throws in try injection("delivered_in", daemon) == 20_000 })
                #expect(try daemon.instance(hosts.right.name)?.held == .init())
                let lines = daemon.log.split(separator: "\n").filter { $0.contains("changed something") }
                #expect(lines.count == 1)
                let words = Set(lines.first?.split(separator: " ") ?? [])
                #expect(words.isSuperset(of: ["uid=0", "pid=\(ending.process)", "method=io.neti.Control.Inject"]))
                // What an instance that is gone has counted stays in the total.
                hosts.right.remove()
                #expect(daemon.sees(hosts.right.name, .gone))
                #expect(try daemon.status().injection.injected == 20_000)
                let gone = try daemon.controlEnding("inject", "-i", hosts.right.name, "--style", "queue-out", path)
                #expect(gone.status == 1)
                #expect(gone.output == "neti-ctl: instance '\(hosts.right.name)' is gone, not up\n")
            }
        }

        @Test("Held packets: how many, how long, since when; those of an instance that ends are counted as lost (R154)")
        func held() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess.impairing(
                    hosts.right, ["delay": "30s", "match": "proto udp all"], ["PHYSICAL_IN"])
                defer { daemon.stop() }
                let (left, right) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
                for number in 0..<3 { try left.send([UInt8(number)], to: right) }
                let name = hosts.right.name
                func held() throws -> ListInstances.HeldPackets { try daemon.instance(name)?.held ?? .init() }
                #expect(try Deadline(.seconds(5)).sees { () throws in try held().packets == 3 })
                let first = try held()
                #expect(first.bytes == 3 * 29)
                let age = try #require(first.oldest)
                #expect((0..<30_000).contains(age))
                #expect(try Deadline(.seconds(5)).sees { () throws in try held().oldest ?? 0 >= age + 100 })
                let row = try daemon.control("instance", "list").split(separator: "\n").first { $0.contains(name) }
                #expect(row?.split(separator: " ").dropLast(2).last == "3")
                hosts.right.remove()
                #expect(daemon.sees(name, .gone))
                let injection = try daemon.status().injection
                #expect(injection.lost == 3)
                #expect(try held() == .init())
            }
        }

        @Test("Who may look but not change injects nothing, also where the socket is open to all")
        func stranger() throws {
            try with { hosts, daemon in
                #expect(unsafe chmod(daemon.folder, 0o755) == 0 && chmod(daemon.controlSocket, 0o666) == 0)
                let program = [
                    try DaemonProcess.program("neti-ctl"), "inject", "--socket", daemon.controlSocket, "--netns",
                    hosts.right.name, "--style", "queue-out", "--hex", "45",
                ]
                let ending = try Command.end(
                    "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups"] + program)
                #expect(ending.status == 1)
                #expect(ending.output == "neti-ctl: permission denied: only root and user 0 may do this\n")
                #expect(daemon.logs("a control client may not do what it asked for"))
                #expect(
                    try daemon.status().injection
                        == .init(
                            styles: daemon.status().injection.styles, injected: 0, refused: 0, lost: 0))
            }
        }
    }
}
