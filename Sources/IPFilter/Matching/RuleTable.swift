// SPDX-License-Identifier: Apache-2.0

import BasicContainers

/// The rules of one family and direction in order, one behind the other in memory.
struct RuleTable<Addresses: AddressPair>: ~Copyable, Sendable {
    private var rules = UniqueArray<CompiledRule<Addresses>>()
    private var exclusions = UniqueArray<AddressExclusion<Addresses>>()

    /// Number of rules.
    var count: Int {
        @inline(__always) get { rules.count }
    }

    /// Appends a rule, unless no packet of this family can match it.
    mutating func append(_ rule: Rule, number: UInt32, slot: UInt16) {
        guard var compiled = CompiledRule<Addresses>(rule, number: number, slot: slot) else { return }
        if let exclusion = AddressExclusion<Addresses>(rule) {
            compiled.exclusion = UInt32(exclusions.count)
            exclusions.append(exclusion)
        }
        rules.append(compiled)
    }

    /// The rule at a place.
    @inline(__always)
    func rule(at index: Int) -> CompiledRule<Addresses> { rules[index] }

    /// Place of the first rule that matches, from one place on; ``count`` if there is none.
    @inline(__always)
    func match(_ key: MatchKey<Addresses>, from start: Int) -> Int {
        let span = rules.span
        var index = start
        while index < span.count {
            if span[index].matches(key), !isExcluded(span[index].exclusion, key) { return index }
            index &+= 1
        }
        return index
    }

    @inline(__always)
    private func isExcluded(_ exclusion: UInt32, _ key: MatchKey<Addresses>) -> Bool {
        exclusion != CompiledRule<Addresses>.noExclusion && exclusions[Int(exclusion)].excludes(key)
    }
}
