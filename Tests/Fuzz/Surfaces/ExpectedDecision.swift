// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet

/// What rules say about a packet, found by reading them one after the other as they are written.
struct ExpectedDecision {
    /// Log records for which there is room; a power of two.
    static let logCapacity = 8

    private(set) var verdict: FilterVerdict
    private(set) var reason = FilterDecision.Reason.noMatch
    private(set) var records = 0

    init(
        _ rules: RuleSet, _ packet: [UInt8], _ datagram: Datagram?, _ direction: Rule.Direction, interface: String?
    ) {
        verdict = rules.defaultPolicy
        guard let datagram else {
            block(.badPacket)
            return
        }
        var deciding: Int?
        for (number, rule) in rules.rules.enumerated() where rule.direction == direction && rule.action != .count {
            guard rule.matches(datagram, packet, interface: interface) else { continue }
            if rule.action == .log {
                guard record() || rule.log?.orBlock != true else {
                    block(.logFull(number))
                    return
                }
            } else {
                deciding = number
            }
            if rule.isQuick { break }
        }
        guard let deciding else { return }
        let rule = rules.rules[deciding]
        if let log = rule.log, !record(), log.orBlock {
            block(.logFull(deciding))
            return
        }
        verdict = rule.action == .pass ? .pass : .block
        reason = .rule(deciding)
    }

    private mutating func block(_ reason: FilterDecision.Reason) {
        verdict = .block
        self.reason = reason
    }

    /// Writes a record if there is room.
    private mutating func record() -> Bool {
        guard records < Self.logCapacity else { return false }
        records += 1
        return true
    }
}

extension Rule {
    fileprivate func matches(_ datagram: Datagram, _ packet: [UInt8], interface name: String?) -> Bool {
        if let pinnedFamily, pinnedFamily != datagram.version { return false }
        if let interface, interface != name { return false }
        if let trafficClass, trafficClass != datagram.trafficClass { return false }
        if let hopLimit, hopLimit != datagram.hopLimit { return false }
        let isTCPOrUDP = [.tcp, .udp].contains(datagram.protocol)
        switch proto {
        case nil: break
        case .tcpOrUDP: guard isTCPOrUDP else { return false }
        case .number(let number): guard number == datagram.protocol else { return false }
        }
        let bytes = unsafe packet.span.bytes
        // A packet too short for its header has no ports, unless it is the first of several fragments.
        let isReadable = !datagram.isShort || datagram.isFirstFragment
        let ports = isReadable ? datagram.ports(in: bytes) : nil
        guard source.accepts(datagram.source, ports?.source),
            destination.accepts(datagram.destination, ports?.destination)
        else { return false }
        if let flags {
            guard let segment = datagram.tcp(in: bytes) else { return false }
            guard segment.flags.intersection(flags.mask) == flags.flags else { return false }
        }
        if let icmp {
            guard let message = datagram.icmp(in: bytes), message.type == icmp.type else { return false }
            if let code = icmp.code, code != message.code { return false }
        }
        return true
    }
}

extension Endpoint {
    fileprivate func accepts(_ address: IPAddress, _ port: UInt16?) -> Bool {
        let isInside = network.map { IPNetwork(address, prefixLength: $0.prefixLength) == $0 } ?? true
        guard isInside != isNegated else { return false }
        guard let test = self.port else { return true }
        guard let port else { return false }
        return switch test {
        case .equal(let other): port == other
        case .notEqual(let other): port != other
        case .less(let other): port < other
        case .lessOrEqual(let other): port <= other
        case .greater(let other): port > other
        case .greaterOrEqual(let other): port >= other
        case .between(let low, let high): low < port && port < high
        case .outside(let low, let high): port < low || port > high
        case .range(let low, let high): low <= port && port <= high
        }
    }
}
