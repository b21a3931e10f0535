// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet

/// The meaning of rules written down once more, as slowly and plainly as possible: from the rule as it was read, field by
/// field, without any of the matcher's words, masks and tables.
struct ReferenceFilter {
    var rules: [Rule]
    var defaultPolicy: FilterVerdict
    var interfaces: [String: UInt32]

    func decide(_ packet: SamplePacket) -> FilterDecision {
        guard let datagram = try? packet.bytes.parsed() else {
            return FilterDecision(verdict: .block, reason: .badPacket)
        }
        var deciding: Int?
        for (number, rule) in rules.enumerated() where rule.action != .count && matches(rule, packet, datagram) {
            if rule.action != .log { deciding = number }
            if rule.isQuick { break }
        }
        guard let deciding else { return FilterDecision(verdict: defaultPolicy, reason: .noMatch) }
        return FilterDecision(verdict: rules[deciding].action == .pass ? .pass : .block, reason: .rule(deciding))
    }

    func matches(_ rule: Rule, _ packet: SamplePacket, _ datagram: Datagram) -> Bool {
        guard rule.direction == packet.direction else { return false }
        if let name = rule.interface {
            guard let index = interfaces[name], index == packet.interface, index != 0 else { return false }
        }
        if let family = rule.family, family != datagram.version { return false }
        if let tos = rule.trafficClass, tos != datagram.trafficClass { return false }
        if let ttl = rule.hopLimit, ttl != datagram.hopLimit { return false }
        switch rule.proto {
        case nil: break
        case .number(let number): guard number == datagram.protocol else { return false }
        case .tcpOrUDP: guard [.tcp, .udp].contains(datagram.protocol) else { return false }
        }
        return matches(rule.source, datagram.source) && matches(rule.destination, datagram.destination)
            && matchesPorts(rule, packet, datagram) && matchesFlags(rule, packet, datagram)
            && matchesICMP(rule, packet, datagram)
    }

    private func matches(_ end: Endpoint, _ address: IPAddress) -> Bool {
        guard let network = end.network else { return !end.isNegated }
        guard network.version == address.version else { return false }
        return bits(address).starts(with: bits(network.address).prefix(network.prefixLength)) != end.isNegated
    }

    private func bits(_ address: IPAddress) -> [Bool] {
        let value = UInt128(address.high) << 64 | UInt128(address.low)
        return (0..<address.version.addressBits).reversed().map { value >> UInt128($0) & 1 == 1 }
    }

    /// The transport header's bytes as far as they are there; nil in later fragments.
    private func transport(_ packet: SamplePacket, _ datagram: Datagram) -> [UInt8]? {
        guard datagram.fragment.offset == 0 else { return nil }
        let end = min(packet.bytes.count, Int(datagram.totalLength))
        return Array(packet.bytes[Int(datagram.transportOffset)..<end])
    }

    private func matchesPorts(_ rule: Rule, _ packet: SamplePacket, _ datagram: Datagram) -> Bool {
        guard rule.source.port != nil || rule.destination.port != nil else { return true }
        guard let header = transport(packet, datagram) else { return false }
        let needed: Int
        switch datagram.protocol {
        case .tcp: needed = datagram.fragment.moreFollow ? 4 : 20
        case .udp: needed = 8
        default: return false
        }
        guard header.count >= needed else { return false }
        return matches(rule.source.port, Int(header[0]) << 8 | Int(header[1]))
            && matches(rule.destination.port, Int(header[2]) << 8 | Int(header[3]))
    }

    private func matches(_ test: PortTest?, _ port: Int) -> Bool {
        switch test {
        case nil: true
        case .equal(let value): port == Int(value)
        case .notEqual(let value): port != Int(value)
        case .less(let value): port < Int(value)
        case .lessOrEqual(let value): port <= Int(value)
        case .greater(let value): port > Int(value)
        case .greaterOrEqual(let value): port >= Int(value)
        case .between(let low, let high): port > Int(low) && port < Int(high)
        case .outside(let low, let high): port < Int(low) || port > Int(high)
        case .range(let low, let high): port >= Int(low) && port <= Int(high)
        }
    }

    private func matchesFlags(_ rule: Rule, _ packet: SamplePacket, _ datagram: Datagram) -> Bool {
        guard let test = rule.flags else { return true }
        guard let header = transport(packet, datagram), header.count >= 20 else { return false }
        return header[13] & test.mask.rawValue == test.flags.rawValue
    }

    private func matchesICMP(_ rule: Rule, _ packet: SamplePacket, _ datagram: Datagram) -> Bool {
        guard let test = rule.icmp else { return true }
        guard datagram.version == (rule.pinnedFamily ?? .v4) else { return false }
        guard let header = transport(packet, datagram), header.count >= 8 else { return false }
        return header[0] == test.type && (test.code == nil || header[1] == test.code)
    }
}

extension [UInt8] {
    func parsed() throws(PacketError) -> Datagram {
        try unsafe Datagram(parsing: span.bytes)
    }
}
