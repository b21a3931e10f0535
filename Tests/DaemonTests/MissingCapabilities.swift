// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Packet
import Testing

extension RunningDaemon {
    /// A daemon that lacks a right does what it can without.
    @Suite struct MissingCapabilities {
        private static let instance = """
            [[instance]]
            name = "global"
            [[instance.hook]]
            name = "count"
            module = "count"
            events = ["PHYSICAL_IN"]
            """

        private func hexadecimal(_ hosts: HostPair) throws -> String {
            let header = IPHeader(from: hosts.left.inet, to: hosts.right.inet)
            return HexadecimalBytes(try header.packet(.udp(from: 9, to: 4711), payload: [1])).text
        }

        private func received(_ daemon: DaemonProcess) throws -> Int {
            let line = try daemon.control("status").split(separator: "\n").first { $0.hasPrefix("received") }
            return Int(line?.split(separator: " ").dropFirst().first ?? "") ?? -1
        }

        @Test("Without CAP_NET_RAW hooks meet packets, and what is to be injected stays the caller's (R147)")
        func withoutRawSockets() throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: Self.instance, on: hosts.right, without: ["net_raw"])
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                #expect(daemon.logs("can't inject packets yet"))
                let (sender, receiver) = (try UDPSocket(on: hosts.left, .inet), try UDPSocket(on: hosts.right, .inet))
                try sender.send([7], to: receiver)
                #expect(try receiver.receive()?.bytes == [7])
                #expect(try received(daemon) > 0)
                let ending = try daemon.controlEnding(
                    "inject", "-i", "global", "--style", "queue-out", "--hex", hexadecimal(hosts))
                #expect(ending.status != 0)
            }
        }

        @Test(
            "Without CAP_SYS_ADMIN packets are injected into the daemon's own namespace",
            arguments: ["queue-in", "queue-out"])
        func withoutNamespaces(style: String) throws {
            try HostPair.with { hosts in
                let daemon = try DaemonProcess(instances: Self.instance, on: hosts.right, without: ["sys_admin"])
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                _ = try daemon.control(
                    "inject", "-i", "global", "--style", style, "--interface", Host.interface, "--hex",
                    hexadecimal(hosts))
                let name = style == "queue-in" ? "delivered_in" : "delivered_out"
                let isDelivered = Deadline(.seconds(5)).sees {
                    (try? daemon.control("kstat", "-p", "neti:0:injection:\(name)"))?.hasSuffix("\t1\n") == true
                }
                #expect(isDelivered)
            }
        }
    }
}
