// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet

/// Compiled rules over packets. An input is the rules' text, a null byte, and the packet.
struct FilterDecisions: Surface {
    private let memory: GuardedMemory
    /// Most inputs share their rules with others.
    private var compiled: [[UInt8]: RuleSet] = [:]

    private static let mostCompiled = 64

    init() throws { memory = try GuardedMemory(capacity: Mutator.longestInput) }

    var words: [[UInt8]] { RuleText.words }

    func lengthFields(of input: [UInt8]) -> [LengthField] { PacketLengths.fields(of: input) }

    func repair(_ input: inout [UInt8]) {
        let start = Self.packetStart(input)
        var packet = Array(input[start...])
        PacketLengths.repair(&packet)
        input.replaceSubrange(start..., with: packet)
    }

    func part(of input: [UInt8], _ generator: inout SeededGenerator) -> Range<Int> {
        let start = Self.packetStart(input)
        return generator.percent(80) ? start..<input.count : 0..<start
    }

    private static func packetStart(_ input: [UInt8]) -> Int {
        input.firstIndex(of: 0).map { $0 + 1 } ?? input.count
    }

    mutating func feed(_ input: [UInt8]) throws -> Bool {
        let start = Self.packetStart(input)
        guard let rules = ruleSet(Array(input[..<start].prefix { $0 != 0 })) else { return false }
        let packet = Array(input[start...])
        var isRead = false
        for direction in Rule.Direction.allCases {
            // One more than the rules name, and 0 for none.
            let interface = UInt32(packet.last ?? 0) % UInt32(Self.interfaces(of: rules).count + 2)
            isRead = try check(rules, packet, direction, interface)
        }
        return isRead
    }

    private mutating func ruleSet(_ text: [UInt8]) -> RuleSet? {
        if let known = compiled[text] { return known }
        guard
            let rules = try? RuleSet(
                parsing: String(decoding: text, as: UTF8.self), file: "rules", defaultPolicy: .block,
                logCapacity: ExpectedDecision.logCapacity)
        else { return nil }
        rules.updateInterfaces(Self.interfaces(of: rules))
        if compiled.count >= Self.mostCompiled { compiled = [:] }
        compiled[text] = rules
        return rules
    }

    /// All interfaces that the rules name, with indices from 1 on.
    private static func interfaces(of rules: RuleSet) -> [(name: String, index: UInt32)] {
        let names = Set(rules.rules.compactMap(\.interface)).sorted()
        return names.enumerated().map { ($1, UInt32($0) + 1) }
    }

    private func check(
        _ rules: RuleSet, _ packet: [UInt8], _ direction: Rule.Direction, _ interface: UInt32
    ) throws -> Bool {
        let datagram = try? Datagram(parsing: unsafe packet.span.bytes)
        let name = Self.interfaces(of: rules).first { $0.index == interface }?.name
        let expected = ExpectedDecision(rules, packet, datagram, direction, interface: name)
        let before = rules.totals(direction)
        let records = try unsafe memory.withBoth(packet) { room in
            let decision = rules.decide(
                FilterPacket(unsafe room.bytes, datagram, direction: direction, interface: interface, time: 1))
            try require(
                decision.verdict == expected.verdict && decision.reason == expected.reason,
                "\(decision), but \(expected.verdict) for \(expected.reason) is right")
            return rules.takeLogRecords()
        }
        try require(records.count == expected.records, "\(records.count) log records, not \(expected.records)")
        for record in records {
            try require(rules.rules.indices.contains(record.rule), "a record of rule \(record.rule)")
            try require(rules.rules[record.rule].log != nil, "a record of a rule that doesn't log")
            try require(record.body.count <= 128, "\(record.body.count) bytes of payload in a record")
        }
        let after = rules.totals(direction)
        let seen = after.passed + after.blocked - before.passed - before.blocked
        try require(seen == 2, "a packet is counted \(seen) times in two runs")
        return datagram != nil
    }
}
