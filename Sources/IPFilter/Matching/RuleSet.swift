// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// The rules of a file, compiled: what packets are decided by.
///
/// Rules and policy never change; a new file makes a new rule set. Pump threads decide packets, each on its own lane;
/// the control side updates interfaces, reads counters and takes log records, all while packets flow. Deciding a packet
/// allocates nothing, takes no lock and counts no references.
public final class RuleSet: Sendable {
    /// The rules in the order of the file; decisions, counters and log records name them by their place here.
    public let rules: [Rule]

    /// What happens to packets about which no rule decides.
    public let defaultPolicy: FilterVerdict

    /// How many pump threads may decide packets at once.
    public let lanes: Int

    let tables: DirectionTables
    let interfaces: InterfaceSlots
    let counters: FilterCounters
    let log: FilterLog

    /// Compiles rules.
    ///
    /// - Parameters:
    ///   - rules: at most `UInt32.max - 1`, naming at most 65,535 interfaces.
    ///   - defaultPolicy: what happens to packets about which no rule decides.
    ///   - lanes: pump threads that will decide packets.
    ///   - logCapacity: log records that each lane can have waiting.
    public init(_ rules: [Rule], defaultPolicy: FilterVerdict = .pass, lanes: Int = 1, logCapacity: Int = 1_024) {
        precondition(lanes > 0, "a rule set needs a lane")
        self.rules = rules
        self.defaultPolicy = defaultPolicy
        self.lanes = lanes
        var slots: [String: UInt16] = [:]
        var names: [String] = []
        for case let name? in rules.map(\.interface) where slots[name] == nil {
            precondition(names.count < InterfaceSlots.maximumCount, "too many interfaces")
            slots[name] = UInt16(names.count)
            names.append(name)
        }
        interfaces = InterfaceSlots(names)
        tables = DirectionTables(rules, slots: slots)
        counters = FilterCounters(rules: rules.count, lanes: lanes)
        log = FilterLog(rules, lanes: lanes, capacity: rules.contains { $0.log != nil } ? logCapacity : 1)
    }
}

// MARK: - Control side

extension RuleSet {
    /// Tells which interfaces there are now, by name; rules on any other never match.
    ///
    /// One call at a time.
    public func updateInterfaces(_ interfaces: [(name: String, index: UInt32)]) {
        self.interfaces.update(interfaces)
        log.update(interfaces)
    }

    /// Interfaces that rules name and that aren't there at present: absent, or misspelt.
    public var absentInterfaces: [String] { interfaces.absent }

    /// What a rule has matched so far, deciding or not.
    public func traffic(ofRule number: Int) -> TrafficCount { counters.traffic(ofRule: number) }

    /// What became of the packets of a direction so far.
    public func totals(_ direction: Rule.Direction) -> FilterTotals { counters.totals(direction) }

    /// Takes the log records that have come in since the last call, lane by lane.
    public func takeLogRecords() -> [LogRecord] { log.take() }

    /// Takes the log records as lines of text.
    public func takeLogLines() -> [LogLine] { log.take().map { log.line($0) } }
}

extension RuleSet: CustomStringConvertible {
    /// The default policy, then the rules in their canonical form, one a line; `(!)` behind a rule whose interface is
    /// absent.
    public var description: String {
        let absent = Set(absentInterfaces)
        let lines = rules.map { rule in
            rule.interface.map(absent.contains) ?? false ? "\(rule) # (!) interface is absent" : "\(rule)"
        }
        return (["# default policy: \(defaultPolicy)"] + lines).joined(separator: "\n")
    }
}
