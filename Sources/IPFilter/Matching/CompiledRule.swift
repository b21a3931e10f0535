// SPDX-License-Identifier: Apache-2.0

import Packet

/// A rule in the form in which packets meet it: plain values, 64 bytes for IPv4.
struct CompiledRule<Addresses: AddressPair>: BitwiseCopyable, Sendable {
    private var header = Masked<UInt64>()
    private var ports = Masked<UInt32>()
    private let addresses: Addresses
    private let mask: Addresses
    private var sourcePorts = PortInterval.all
    private var destinationPorts = PortInterval.all

    /// Place of the rule in the file's rules.
    let number: UInt32

    /// Place of its exclusion; ``noExclusion`` for none.
    var exclusion = Self.noExclusion

    /// What a match does.
    let effects: RuleEffects

    /// Whether the ports must lie in intervals, too.
    private var hasIntervals = false

    static var noExclusion: UInt32 { .max }

    /// Whether all tests hold; an exclusion has the last word.
    @inline(__always)
    func matches(_ key: MatchKey<Addresses>) -> Bool {
        let difference =
            header.difference(key.header) | UInt64(ports.difference(key.ports))
            | addresses.difference(key.addresses, mask: mask)
        guard difference == 0 else { return false }
        guard hasIntervals else { return true }
        return sourcePorts.contains(UInt16(truncatingIfNeeded: key.ports >> 16))
            && destinationPorts.contains(UInt16(truncatingIfNeeded: key.ports))
    }

    /// Compiles a rule; nil if no packet of this family can match.
    ///
    /// - Parameters:
    ///   - number: place of the rule in the file's rules.
    ///   - slot: number of its interface; only looked at if it names one.
    init?(_ rule: Rule, number: UInt32, slot: UInt16) {
        if let version = rule.pinnedFamily, version != Addresses.version { return nil }
        // `!any`
        if rule.source.isNegated, rule.source.network == nil { return nil }
        if rule.destination.isNegated, rule.destination.network == nil { return nil }
        let from = rule.source.isNegated ? nil : rule.source.network
        let to = rule.destination.isNegated ? nil : rule.destination.network
        addresses = Self.pair(from?.address, to?.address)
        mask = Self.pair(from?.mask, to?.mask)
        self.number = number
        effects = RuleEffects(rule)
        requireHeader(of: rule, slot: slot)
        requirePorts(of: rule)
    }

    /// Zeros where there is no address.
    static func pair(_ source: IPAddress?, _ destination: IPAddress?) -> Addresses {
        let none = Addresses.version == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
        return Addresses(source: source ?? none, destination: destination ?? none)
    }

    private mutating func requireHeader(of rule: Rule, slot: UInt16) {
        switch rule.proto {
        case nil: break
        case .tcpOrUDP: header.require(HeaderWord.isTCPOrUDP, mask: HeaderWord.isTCPOrUDP)
        case .number(let number): header.require(HeaderWord.proto(number), mask: HeaderWord.protoMask)
        }
        if let value = rule.trafficClass {
            header.require(HeaderWord.trafficClass(value), mask: HeaderWord.trafficClassMask)
        }
        if let value = rule.hopLimit { header.require(HeaderWord.hopLimit(value), mask: HeaderWord.hopLimitMask) }
        if rule.interface != nil { header.require(HeaderWord.interface(slot), mask: HeaderWord.interfaceMask) }
        if let test = rule.flags {
            header.require(HeaderWord.hasField, mask: HeaderWord.hasField)
            header.require(
                HeaderWord.field(UInt16(test.flags.rawValue)), mask: HeaderWord.field(UInt16(test.mask.rawValue)))
        }
        if let test = rule.icmp {
            header.require(HeaderWord.hasField, mask: HeaderWord.hasField)
            header.require(HeaderWord.field(UInt16(test.type) << 8), mask: HeaderWord.typeMask)
            if let code = test.code { header.require(HeaderWord.field(UInt16(code)), mask: HeaderWord.codeMask) }
        }
    }

    private mutating func requirePorts(of rule: Rule) {
        guard rule.source.port != nil || rule.destination.port != nil else { return }
        header.require(HeaderWord.hasPorts, mask: HeaderWord.hasPorts)
        if case .equal(let port) = rule.source.port { ports.require(UInt32(port) << 16, mask: 0xFFFF_0000) }
        if case .equal(let port) = rule.destination.port { ports.require(UInt32(port), mask: 0xFFFF) }
        sourcePorts = PortInterval(rule.source.port)
        destinationPorts = PortInterval(rule.destination.port)
        hasIntervals = sourcePorts != .all || destinationPorts != .all
    }
}

/// What happens when a rule matches.
struct RuleEffects: OptionSet, BitwiseCopyable, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ rule: Rule) {
        self = []
        switch rule.action {
        case .pass: insert(.decides)
        case .block: insert([.decides, .blocks])
        case .log, .count: break
        }
        if rule.isQuick { insert(.isQuick) }
        guard let log = rule.log else { return }
        insert(.logs)
        if log.includesBody { insert(.logsBody) }
        if log.orBlock { insert(.logsOrBlocks) }
    }

    static var decides: RuleEffects { RuleEffects(rawValue: 1 << 0) }
    static var blocks: RuleEffects { RuleEffects(rawValue: 1 << 1) }
    static var isQuick: RuleEffects { RuleEffects(rawValue: 1 << 2) }
    static var logs: RuleEffects { RuleEffects(rawValue: 1 << 3) }
    static var logsBody: RuleEffects { RuleEffects(rawValue: 1 << 4) }
    static var logsOrBlocks: RuleEffects { RuleEffects(rawValue: 1 << 5) }
}
