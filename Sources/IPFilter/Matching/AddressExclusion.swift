// SPDX-License-Identifier: Apache-2.0

import Packet

/// The negated addresses of a rule.
struct AddressExclusion<Addresses: AddressPair>: BitwiseCopyable, Sendable {
    private let addresses: Addresses
    private let sourceMask: Addresses
    private let destinationMask: Addresses
    private let excludesSource: Bool
    private let excludesDestination: Bool

    /// The exclusion of a rule; nil if it negates nothing.
    init?(_ rule: Rule) {
        guard rule.source.isNegated || rule.destination.isNegated else { return nil }
        let from = rule.source.network
        let to = rule.destination.network
        addresses = CompiledRule.pair(from?.address, to?.address)
        sourceMask = CompiledRule.pair(from?.mask, nil)
        destinationMask = CompiledRule.pair(nil, to?.mask)
        excludesSource = rule.source.isNegated
        excludesDestination = rule.destination.isNegated
    }

    /// Whether an address of the packet is one that the rule doesn't want.
    @inline(__always)
    func excludes(_ key: MatchKey<Addresses>) -> Bool {
        excludesSource && addresses.difference(key.addresses, mask: sourceMask) == 0
            || excludesDestination && addresses.difference(key.addresses, mask: destinationMask) == 0
    }
}
