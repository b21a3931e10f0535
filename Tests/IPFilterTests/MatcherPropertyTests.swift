// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

/// The compiled matcher against the plain interpretation, on random rules and packets drawn from few values, so that
/// they meet often.
struct MatcherPropertyTests {
    private static let ports: [UInt16] = [0, 1, 22, 53, 80, 1_023, 1_024, 65_534, 65_535]
    private static let v4 = ["192.0.2.1", "192.0.2.2", "198.51.100.7", "203.0.113.0", "255.255.255.255"]
    private static let v6 = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::80", "2001:db9::", "fe80::1"]

    @Test(arguments: UInt64(0)..<8)
    func compiledRulesAgreeWithTheirPlainMeaning(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var reasons: [String: Int] = [:]
        for _ in 0..<60 {
            let text = (0..<Int.random(in: 0...30, using: &generator)).map { _ in Self.rule(&generator) }
            let policy: FilterVerdict = generator.chance(2) ? .pass : .block
            let rules = try RuleSet(text.joined(separator: "\n"), defaultPolicy: policy)
            let interfaces: [String: UInt32] = generator.chance(3) ? ["eth0": 3] : ["eth0": 2, "eth1": 3]
            rules.updateInterfaces(interfaces.map { ($0, $1) })
            let reference = ReferenceFilter(rules: rules.rules, defaultPolicy: policy, interfaces: interfaces)
            var hits = [UInt64](repeating: 0, count: rules.rules.count)
            for _ in 0..<60 {
                let packet = try Self.packet(&generator)
                let expected = reference.decide(packet)
                #expect(rules.decide(packet) == expected, "\(packet.bytes) \(packet.direction)\n\(rules)")
                reasons["\(expected.verdict) \(expected.reason == .noMatch)", default: 0] += 1
                guard let datagram = try? packet.bytes.parsed() else { continue }
                for (number, rule) in rules.rules.enumerated()
                where rule.action == .count && reference.matches(rule, packet, datagram) {
                    if packet.direction == .in || expected.verdict == .pass { hits[number] += 1 }
                }
            }
            for (number, rule) in rules.rules.enumerated() where rule.action == .count {
                #expect(rules.traffic(ofRule: number).packets == hits[number], "rule \(number) of\n\(rules)")
            }
        }
        // Each way to decide must have been taken often enough to mean something.
        #expect(reasons.count == 4 && reasons.values.allSatisfy { $0 > 100 }, "\(reasons)")
    }

    // MARK: Rules

    private static func rule(_ generator: inout SeededGenerator) -> String {
        var words = [generator.pick(["pass", "block", "pass", "block", "log", "count"])]
        let isCount = words == ["count"]
        words.append(generator.pick(["in", "out"]))
        // `count quick` would make the order of the accounting rules matter to what is counted here.
        if !isCount, generator.chance(4) { words.append("quick") }
        if generator.chance(5) { words.append("on " + generator.pick(["eth0", "eth1", "absent"])) }
        let family = generator.pick([nil, nil, "inet", "inet6"])
        if let family { words.append(family) }
        if generator.chance(8) { words.append("tos \(generator.pick([0, 16, 255]))") }
        if generator.chance(8) { words.append("ttl \(generator.pick([1, 64, 255]))") }
        let isV6 = family == "inet6" || (family == nil && generator.chance(2))
        let icmp = isV6 ? "ipv6-icmp" : "icmp"
        let proto = generator.pick([nil, "tcp", "tcp", "udp", "tcp/udp", icmp, "47"])
        if let proto { words.append("proto " + proto) }
        let mayHavePorts = proto == nil || proto == "tcp" || proto == "udp" || proto == "tcp/udp"
        var mentions = false
        for end in ["from", "to"] where generator.chance(2) {
            words += [end, address(&generator, isV6: isV6)]
            mentions = mentions || words.last != "any"
            if mayHavePorts, generator.chance(3) { words += ["port", portTest(&generator)] }
        }
        if proto == "tcp", generator.chance(3) {
            words.append("flags " + generator.pick(["S", "S/SA", "/A", "A/A", "FPU", "E/EC", "SA/SAFR", "0/255"]))
        }
        // ICMPv6 types need a family, or an address of it.
        if proto == icmp, generator.chance(2), !isV6 || family != nil || mentions {
            let type = isV6 ? generator.pick(["echo", "unreach", "1"]) : generator.pick(["echo", "unreach", "0"])
            words.append("icmp-type \(type)" + (generator.chance(2) ? " code 0" : ""))
        }
        return words.joined(separator: " ")
    }

    private static func address(_ generator: inout SeededGenerator, isV6: Bool) -> String {
        if generator.chance(5) { return "any" }
        let bits = isV6 ? generator.pick([0, 1, 32, 63, 64, 65, 127, 128]) : generator.pick([0, 1, 8, 24, 31, 32])
        return (generator.chance(4) ? "!" : "") + "\(generator.pick(isV6 ? v6 : v4))/\(bits)"
    }

    private static func portTest(_ generator: inout SeededGenerator) -> String {
        let port = generator.pick(ports)
        let other = UInt16.random(in: port...UInt16.max, using: &generator)
        switch Int.random(in: 0..<9, using: &generator) {
        case 0 where port > 0: return "< \(port)"
        case 1 where port < .max: return "> \(port)"
        case 2: return "<= \(port)"
        case 3: return ">= \(port)"
        case 4: return "!= \(port)"
        case 5 where Int(port) + 1 < Int(other): return "\(port) >< \(other)"
        case 6 where port > 0 || other < .max: return "\(port) <> \(other)"
        case 7: return "\(port):\(other)"
        default: return "= \(port)"
        }
    }

    // MARK: Packets

    private static func packet(_ generator: inout SeededGenerator) throws -> SamplePacket {
        let isV6 = generator.chance(2)
        let port = { (generator: inout SeededGenerator) -> UInt16 in
            generator.chance(5) ? UInt16.random(in: 0...UInt16.max, using: &generator) : generator.pick(ports)
        }
        let transport: TransportHeader
        switch Int.random(in: 0..<8, using: &generator) {
        case 0...2:
            let flags =
                generator.chance(2)
                ? generator.pick([0x02, 0x12, 0x10, 0x29, 0]) : UInt8.random(in: 0...255, using: &generator)
            transport = .tcp(from: port(&generator), to: port(&generator), flags: TCPFlags(rawValue: flags))
        case 3, 4: transport = .udp(from: port(&generator), to: port(&generator))
        case 5:
            let type = generator.pick(isV6 ? [128, 1, 129] : [8, 3, 0] as [UInt8])
            transport = .icmp(type: type, code: UInt8.random(in: 0...1, using: &generator))
        default:
            // Too short, later fragments, other protocols.
            transport = .none(generator.pick([.tcp, .udp, .icmp, .icmpV6, IPProtocol(rawValue: 47)]))
        }
        var packet = try SamplePacket(
            "random", isV6 ? .v6 : .v4, transport, payload: Int.random(in: 0...40, using: &generator)
        ) {
            let addresses = (isV6 ? v6 : v4).compactMap(IPAddress.init(_:))
            $0.source = generator.pick(addresses)
            $0.destination = generator.pick(addresses)
            $0.trafficClass = generator.pick([0, 16, 255])
            $0.hopLimit = generator.pick([1, 64, 255])
            if generator.chance(4) {
                $0.fragment = Fragment(
                    identification: 7, offset: generator.pick([0, 8, 24, 1_480]), moreFollow: generator.chance(2))
            }
            if generator.chance(6) { $0.options = [1, 1, 1, 1] }
            if generator.chance(6) { $0.extensionHeaders = [.init(.destinationOptions)] }
        }
        packet.direction = generator.pick([.in, .out])
        packet.interface = generator.pick([0, 2, 3, 9])
        if generator.chance(40) { packet.bytes[0] = UInt8.random(in: 0...255, using: &generator) }
        return packet
    }
}
