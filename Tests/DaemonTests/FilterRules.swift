// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Testing

extension RunningDaemon {
    /// The module `ipf` on real packets: what rules say is what passes.
    @Suite struct FilterRules {
        /// Rules and what becomes of packets by them in both families, or in some.
        ///
        /// A rule with a word in capitals stands for two, one for each family: LEFT and RIGHT are the hosts, NET their
        /// network, FEW its first two addresses, OTHER a network that is not theirs, ICMP the family's protocol of that
        /// name. Each must leave the other family's packets alone.
        struct Case: Sendable, CustomTestStringConvertible {
            let rules: String
            let probes: [FilterProbe]
            let families: [NetworkFamily]

            init(_ rules: String, _ probes: FilterProbe..., families: [NetworkFamily] = NetworkFamily.ip) {
                (self.rules, self.probes, self.families) = (rules, probes, families)
            }

            var testDescription: String { rules.split(separator: "\n").joined(separator: "; ") }

            private static let words = [
                "LEFT": ["192.0.2.1", "2001:db8::1"], "RIGHT": ["192.0.2.2", "2001:db8::2"],
                "NET": ["192.0.2.0/24", "2001:db8::/64"], "FEW": ["192.0.2.0/31", "2001:db8::/127"],
                "OTHER": ["198.51.100.0/24", "2001:db8:1::/64"], "ICMP": ["inet proto icmp", "inet6 proto ipv6-icmp"],
            ]

            /// The rules as a file.
            var text: String {
                rules.split(separator: "\n").map { rule in
                    let both = [0, 1].map { family in
                        rule.split(separator: " ").map { word in
                            let negation = word.hasPrefix("!") ? "!" : ""
                            let own = Self.words[String(word.dropFirst(negation.count))]
                            return own.map { negation + $0[family] } ?? String(word)
                        }.joined(separator: " ") + "\n"
                    }
                    return both[0] == both[1] ? both[0] : both.joined()
                }.joined()
            }
        }

        static let cases = [
            Case("pass in all", .passes(.udp), .passes(.tcp), .passes(.echo), .passes(.udp, 7000, .physicalOut)),

            // Protocols and directions.
            Case(
                "block in proto udp all", .blocks(.udp), .passes(.tcp), .passes(.echo), .passes(.udp, 1, .physicalOut)),
            Case("block in proto tcp all", .blocks(.tcp), .passes(.udp), .passes(.echo)),
            Case("block in proto 17 all", .blocks(.udp), .passes(.tcp)),
            Case("block in proto tcp/udp all", .blocks(.udp), .blocks(.tcp), .passes(.echo)),
            Case("block out proto udp all", .passes(.udp), .blocks(.udp, 7000, .physicalOut)),
            Case("block out proto tcp all", .blocks(.tcp, 7000, .physicalOut), .passes(.udp, 7000, .physicalOut)),

            // Ports: `><` is strictly between, `<>` strictly outside, `:` includes both ends.
            Case("block in proto udp from any to any port = 7000", .blocks(.udp, 7000), .passes(.udp, 7001)),
            Case("block in proto udp from any to any port != 7000", .passes(.udp, 7000), .blocks(.udp, 7001)),
            Case("block in proto udp from any to any port < 7001", .blocks(.udp, 7000), .passes(.udp, 7001)),
            Case("block in proto udp from any to any port >= 7001", .passes(.udp, 7000), .blocks(.udp, 7001)),
            Case(
                "block in proto udp from any to any port 7000 >< 7003", .passes(.udp, 7000), .blocks(.udp, 7001),
                .blocks(.udp, 7002), .passes(.udp, 7003)),
            Case(
                "block in proto udp from any to any port 7000 <> 7003", .blocks(.udp, 6999), .passes(.udp, 7000),
                .passes(.udp, 7003), .blocks(.udp, 7004)),
            Case(
                "block in proto tcp from any to any port 7000:7002", .passes(.tcp, 6999), .blocks(.tcp, 7000),
                .blocks(.tcp, 7002), .passes(.tcp, 7003)),
            Case("block in from any to any port = 7000", .blocks(.udp, 7000), .blocks(.tcp, 7000), .passes(.echo)),
            Case("block in proto tcp from any to any port = telnet", .blocks(.tcp, 23), .passes(.tcp, 24)),

            // Addresses.
            Case("block in proto udp from LEFT to any", .blocks(.udp)),
            Case("block in proto udp from !LEFT to any", .passes(.udp)),
            Case("block in proto udp from any to RIGHT", .blocks(.udp)),
            Case("block in proto udp from any to !RIGHT", .passes(.udp)),
            Case("block in proto udp from NET to NET", .blocks(.udp)),
            Case("block in proto udp from !NET to any", .passes(.udp)),
            Case("block in proto udp from FEW to any", .blocks(.udp)),
            Case("block in proto udp from any to FEW", .passes(.udp)),
            Case("block in proto udp from any to !FEW", .blocks(.udp)),
            Case("block in proto udp from OTHER to any", .passes(.udp)),
            Case("block in proto udp from !OTHER to any", .blocks(.udp)),
            Case("block out proto udp from RIGHT to LEFT", .blocks(.udp, 7000, .physicalOut), .passes(.udp)),

            // Interfaces.
            Case("block in on veth0 proto udp all", .blocks(.udp)),
            Case("block in on veth9 proto udp all", .passes(.udp)),
            Case("block out on veth0 proto udp all", .blocks(.udp, 7000, .physicalOut), .passes(.udp)),

            // Families.
            Case("block in inet proto udp all", .blocks(.udp), families: [.inet]),
            Case("block in inet proto udp all", .passes(.udp), families: [.inet6]),
            Case("block in inet6 proto udp all", .passes(.udp), families: [.inet]),
            Case("block in inet6 proto udp all", .blocks(.udp), families: [.inet6]),

            // Flags: only the first packet of a connection has S without A.
            Case("block in proto tcp all flags S/SA", .blocks(.tcp), .passes(.tcp, 7000, .physicalOut)),
            Case("block in proto tcp all flags SA/SA", .passes(.tcp), .blocks(.tcp, 7000, .physicalOut)),

            // ICMP: the request, not the reply.
            Case("block in ICMP all icmp-type echo", .blocks(.echo), .passes(.echo, 7000, .physicalOut), .passes(.udp)),
            Case("block in ICMP all icmp-type echorep", .passes(.echo), .blocks(.echo, 7000, .physicalOut)),

            // The last match wins unless an earlier one is quick.
            Case("block in proto udp all\npass in proto udp all", .passes(.udp)),
            Case("block in quick proto udp all\npass in proto udp all", .blocks(.udp)),
            Case("pass in proto udp all\nblock in proto udp all", .blocks(.udp)),
            Case(
                "pass in quick proto udp from any to any port = 7000\nblock in proto udp all", .passes(.udp, 7000),
                .blocks(.udp, 7001)),
        ]

        @Test("Packets do what the rules say", arguments: cases)
        func verdicts(_ rules: Case) throws {
            try HostPair.with { hosts in
                let daemon = try start(rules.text, on: hosts)
                defer { daemon.stop() }
                for family in rules.families {
                    for probe in rules.probes {
                        let holds = try probe.holds(between: hosts, family, filteredBy: daemon)
                        #expect(holds, "\(family): \(probe)")
                    }
                }
            }
        }

        @Test(
            "A connection that stands goes on when new ones are blocked by flags S/SA",
            arguments: NetworkFamily.ip)
        func standingConnection(_ family: NetworkFamily) throws {
            try HostPair.with { hosts in
                let listener = try TCPListener(on: hosts.right, family, port: 7000)
                let client = try TCPConnection(from: hosts.left, to: listener.address)
                let server = try #require(try listener.accept())
                #expect(client.isConnected())

                let daemon = try start("block in quick proto tcp all flags S/SA\n", on: hosts)
                defer { daemon.stop() }
                let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                #expect(try client.carry(payload, to: server) == payload)
                #expect(try server.carry(payload, to: client) == payload)
                let probe = FilterProbe.blocks(.tcp, 7001)
                #expect(try probe.holds(between: hosts, family, filteredBy: daemon))
            }
        }

        @Test("What 'log' rules match appears in the daemon's log, and nothing else", arguments: NetworkFamily.ip)
        func log(_ family: NetworkFamily) throws {
            try HostPair.with { hosts in
                let rules = """
                    block in quick proto udp from any to any port = 8
                    block in log quick proto udp from any to any port = 9
                    pass in log quick proto udp from any to any port = 10

                    """
                let daemon = try start(rules, on: hosts)
                defer { daemon.stop() }
                let sender = try UDPSocket(on: hosts.left, family)
                for port: UInt16 in [8, 11, 9, 10] {
                    try sender.send([1, 2, 3, 4, 5], to: try UDPSocket(on: hosts.right, family, port: port))
                }
                let (left, right) = (hosts.left.address(family), hosts.right.address(family))
                let lengths = family == .inet ? "20 33" : "40 53"
                func record(_ rule: Int, _ letter: String, _ port: Int) -> String {
                    "veth0 @0:\(rule) \(letter) \(left),\(sender.address.port) -> \(right),\(port) PR udp "
                        + "len \(lengths) IN hook=filter instance=\(hosts.right.name) netid=1"
                }
                #expect(daemon.logs(record(2, "b", 9)), "\(daemon.log)")
                #expect(daemon.logs(record(3, "p", 10)), "\(daemon.log)")
                let records = daemon.log.split(separator: "\n").filter { $0.contains(" veth0 @0:") }
                #expect(records.count == 2)
                for record in records {
                    // The packet's time, which follows `notice neti:`, is of the day on which the line was written.
                    let words = record.split(separator: " ")
                    #expect(words.count > 3 && words[3].prefix(10) == words[0].prefix(10), "\(record)")
                }
            }
        }

        @Test("A rule on an interface that isn't there is told in the log")
        func absentInterface() throws {
            try HostPair.with { hosts in
                let daemon = try start("block in on veth9 all\nblock in on lo all\n", on: hosts)
                defer { daemon.stop() }
                #expect(daemon.logs("rules name interface 'veth9', which isn't there"))
                #expect(!daemon.log.contains("'lo'"))
            }
        }

        @Test("A rule follows its interface when that comes later", arguments: NetworkFamily.ip)
        func renamedInterface(_ family: NetworkFamily) throws {
            try HostPair.with { hosts in
                let daemon = try start("block in on cable proto udp all\n", on: hosts)
                defer { daemon.stop() }
                #expect(try FilterProbe.passes(.udp).holds(between: hosts, family, filteredBy: daemon))
                try hosts.right.ip("link", "set", "veth0", "down")
                try hosts.right.ip("link", "set", "veth0", "name", "cable")
                try hosts.right.ip("link", "set", "cable", "up")
                if family == .inet6 {
                    try hosts.right.ip("address", "replace", "\(hosts.right.inet6)/64", "dev", "cable", "nodad")
                }
                let sender = try UDPSocket(on: hosts.left, family)
                let receiver = try UDPSocket(on: hosts.right, family)
                // The daemon hears of the name a moment after it has changed.
                let isBlocked = try Deadline(.seconds(10)).sees { () throws in
                    try sender.send([1], to: receiver)
                    return try daemon.dropped() > 0
                }
                #expect(isBlocked)
            }
        }

        private func start(_ rules: String, on hosts: HostPair) throws -> DaemonProcess {
            let daemon = try DaemonProcess(
                instances: InstanceText(netns: hosts.right.name, hooks: [.filter]).text, files: ["ipf.conf": rules])
            try daemon.waitUntilReady()
            return daemon
        }
    }
}
