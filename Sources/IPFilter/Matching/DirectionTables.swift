// SPDX-License-Identifier: Apache-2.0

/// All tables of a rule set: by direction, by purpose and by family.
///
/// `count` rules are a list of their own (accounting), which never decides.
struct DirectionTables: ~Copyable, Sendable {
    private(set) var filterIn = FamilyTables()
    private(set) var filterOut = FamilyTables()
    private(set) var accountingIn = FamilyTables()
    private(set) var accountingOut = FamilyTables()

    init(_ rules: [Rule], slots: [String: UInt16]) {
        for (number, rule) in rules.enumerated() {
            let slot = rule.interface.flatMap { slots[$0] } ?? InterfaceSlots.none
            switch (rule.direction, rule.action == .count) {
            case (.in, false): filterIn.append(rule, number: UInt32(number), slot: slot)
            case (.out, false): filterOut.append(rule, number: UInt32(number), slot: slot)
            case (.in, true): accountingIn.append(rule, number: UInt32(number), slot: slot)
            case (.out, true): accountingOut.append(rule, number: UInt32(number), slot: slot)
            }
        }
    }
}

/// The tables of one list of rules, for both families. A rule for both is in both.
struct FamilyTables: ~Copyable, Sendable {
    private(set) var v4 = RuleTable<IPv4Pair>()
    private(set) var v6 = RuleTable<IPv6Pair>()

    mutating func append(_ rule: Rule, number: UInt32, slot: UInt16) {
        v4.append(rule, number: number, slot: slot)
        v6.append(rule, number: number, slot: slot)
    }
}
