// SPDX-License-Identifier: Apache-2.0

import Packet

// The way of a packet through the rules. Accounting rules see inbound packets before, outbound ones after and only if
// they pass. The last rule that matches decides; `quick` ends the search.

extension RuleSet {
    /// Decides about a packet. On the thread of its lane.
    ///
    /// A packet whose IP headers can't be read is blocked.
    public func decide(_ packet: borrowing FilterPacket) -> FilterDecision {
        guard let datagram = packet.datagram else {
            counters.count(.bad, packet.direction, lane: packet.lane)
            counters.count(.blocked, packet.direction, lane: packet.lane)
            return FilterDecision(verdict: .block, reason: .badPacket)
        }
        let slot = interfaces.slot(of: packet.interface)
        let decision =
            switch datagram.version {
            case .v4: decide(packet, datagram, MatchKey<IPv4Pair>(datagram, in: packet.bytes, interface: slot))
            case .v6: decide(packet, datagram, MatchKey<IPv6Pair>(datagram, in: packet.bytes, interface: slot))
            }
        if decision.reason == .noMatch { counters.count(.noMatch, packet.direction, lane: packet.lane) }
        counters.count(decision.verdict == .pass ? .passed : .blocked, packet.direction, lane: packet.lane)
        return decision
    }

    @inline(__always)
    private func decide(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<IPv4Pair>
    ) -> FilterDecision {
        switch packet.direction {
        case .in:
            account(packet, datagram, key, tables.accountingIn.v4)
            return scan(packet, datagram, key, tables.filterIn.v4)
        case .out:
            let decision = scan(packet, datagram, key, tables.filterOut.v4)
            if decision.verdict == .pass { account(packet, datagram, key, tables.accountingOut.v4) }
            return decision
        }
    }

    @inline(__always)
    private func decide(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<IPv6Pair>
    ) -> FilterDecision {
        switch packet.direction {
        case .in:
            account(packet, datagram, key, tables.accountingIn.v6)
            return scan(packet, datagram, key, tables.filterIn.v6)
        case .out:
            let decision = scan(packet, datagram, key, tables.filterOut.v6)
            if decision.verdict == .pass { account(packet, datagram, key, tables.accountingOut.v6) }
            return decision
        }
    }

    private func account<Addresses>(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<Addresses>,
        _ table: borrowing RuleTable<Addresses>
    ) {
        var index = table.match(key, from: 0)
        while index < table.count {
            let rule = table.rule(at: index)
            counters.count(rule: rule.number, bytes: datagram.totalLength, lane: packet.lane)
            if rule.effects.contains(.isQuick) { return }
            index = table.match(key, from: index + 1)
        }
    }

    private func scan<Addresses>(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<Addresses>,
        _ table: borrowing RuleTable<Addresses>
    ) -> FilterDecision {
        var deciding = Deciding.none
        var index = table.match(key, from: 0)
        while index < table.count {
            let rule = table.rule(at: index)
            counters.count(rule: rule.number, bytes: datagram.totalLength, lane: packet.lane)
            if rule.effects.contains(.decides) {
                deciding = .rule(rule.number, rule.effects)
            } else if !log(packet, datagram, key, rule.number, rule.effects, flags: .isLogAction),
                rule.effects.contains(.logsOrBlocks)
            {
                return FilterDecision(verdict: .block, reason: .logFull(Int(rule.number)))
            }
            if rule.effects.contains(.isQuick) { break }
            index = table.match(key, from: index + 1)
        }
        guard case .rule(let number, let effects) = deciding else {
            return FilterDecision(verdict: defaultPolicy, reason: .noMatch)
        }
        let isBlocked = effects.contains(.blocks)
        if effects.contains(.logs),
            !log(packet, datagram, key, number, effects, flags: isBlocked ? .isBlocked : []),
            effects.contains(.logsOrBlocks)
        {
            return FilterDecision(verdict: .block, reason: .logFull(Int(number)))
        }
        return FilterDecision(verdict: isBlocked ? .block : .pass, reason: .rule(Int(number)))
    }

    /// The last rule so far that decides.
    private enum Deciding {
        case none
        case rule(UInt32, RuleEffects)
    }

    /// Writes a log record and counts it, or its loss.
    @inline(never)
    private func log<Addresses>(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<Addresses>, _ number: UInt32,
        _ effects: RuleEffects, flags: LogEntry.Flags
    ) -> Bool {
        let isWritten = log.write(
            packet, datagram, key, rule: number, flags: flags, includesBody: effects.contains(.logsBody))
        counters.count(isWritten ? .logged : .logLost, packet.direction, lane: packet.lane)
        return isWritten
    }
}
