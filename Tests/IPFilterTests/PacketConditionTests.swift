// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

/// A condition holds exactly where a rule with it would match.
struct PacketConditionTests {
    static let conditions = [
        "all", "proto udp", "proto tcp", "proto tcp/udp", "from any to any port = 53", "inet proto udp",
        "inet6 all", "from 192.0.2.1 to any", "from any to !192.0.2.0/24",
        "proto udp from any to {198.51.100.7, 1.1.1.1}",
        "on eth0 all", "on {eth0, eth1} proto tcp from any to any port 20 >< 30", "on eth1 all",
        "proto icmp all icmp-type echo", "proto tcp from any to any flags S/SA", "tos 0 all", "ttl 64 proto udp",
    ]

    private static let interfaces: [(name: String, index: UInt32)] = [("lo", 1), ("eth0", 2), ("eth1", 3)]

    private static func packets() throws -> [SamplePacket] {
        var packets: [SamplePacket] = []
        for version in [IPVersion.v4, .v6] {
            packets += [try .udp(version), try .udp(to: 54, version), try .tcp(version), try .tcp(to: 80, version)]
        }
        packets += [try .icmp(8), try .icmp(0), try .icmp(128, 0, .v6)]
        return packets
            + packets.map { packet in
                var packet = packet
                packet.interface = 3
                return packet
            }
    }

    @Test(arguments: conditions)
    func sameAsARule(condition: String) throws {
        let rules = try RuleSet(parsing: "block in \(condition)", file: "rules")
        rules.updateInterfaces(Self.interfaces)
        let compiled = try PacketCondition(parsing: condition, name: "match")
        compiled.updateInterfaces(Self.interfaces)
        for packet in try Self.packets() {
            let isBlocked = unsafe packet.bytes.withUnsafeBytes { bytes in
                let span = unsafe RawSpan(_unsafeBytes: bytes)
                guard let datagram = try? Datagram(parsing: span) else { return false }
                let decision = rules.decide(
                    FilterPacket(span, datagram, direction: .in, interface: packet.interface))
                let holds = compiled.matches(span, datagram, interface: packet.interface)
                #expect(holds == (decision.verdict == .block), "\(packet)")
                return decision.verdict == .block
            }
            if condition == "all" { #expect(isBlocked) }
        }
    }

    @Test("Until it is told of interfaces, none is there; which are missing can be asked")
    func interfaces() throws {
        let compiled = try PacketCondition(parsing: "on {eth0, eth7} all", name: "match")
        #expect(compiled.absentInterfaces == ["eth0", "eth7"])
        compiled.updateInterfaces(Self.interfaces)
        #expect(compiled.absentInterfaces == ["eth7"])
    }

    @Test(arguments: [
        ("", 1, "expected a condition such as 'proto udp', found nothing"),
        ("  ", 1, "expected a condition such as 'proto udp', found nothing"),
        ("proto udp from any to any port = telent", 34, "expected a port"),
        ("pass in all", 1, "expected 'on'"), ("log proto udp", 1, "'log' is for rules"),
        ("on eth0 quick", 9, "'quick' is for rules"),
        ("all proto udp", 5, "'proto' must come before the addresses"), ("proto udp; proto tcp", 10, "expected"),
        ("proto udp all keep state", 15, "'keep state' is not supported yet"),
    ])
    func refusals(text: String, column: Int, start: String) {
        let error = #expect(throws: RuleErrors.self) {
            let condition = try PacketCondition(parsing: text, name: "match")
            _ = condition.absentInterfaces
        }
        #expect(error?.errors.count == 1)
        #expect(error?.errors.first?.location.column == column, "\(error?.description ?? "")")
        #expect(error?.errors.first?.message.hasPrefix(start) == true, "\(error?.description ?? "")")
    }

    @Test("Lists can't multiply without end")
    func tooMany() {
        let list = "{" + (1...40).map(String.init).joined(separator: ",") + "}"
        #expect(throws: RuleErrors.self) {
            let condition = try PacketCondition(parsing: "tos \(list) ttl \(list) all", name: "match")
            _ = condition.absentInterfaces
        }
    }
}
