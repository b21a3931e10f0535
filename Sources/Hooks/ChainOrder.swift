// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What the order of a chain depends on: the name and the hint of each hook.
struct ChainMember: Equatable {
    let name: String
    let hint: Hint
}

/// From hints to an order. Pure: knows no hooks, no locks and no events.
enum ChainOrder {
    /// Says where everybody stands after `newcomer` joins `chain`.
    ///
    /// - Returns: the new order, front to back, as indexes into `chain`; `chain.count` stands for the newcomer.
    /// - Throws: `EINVAL` for a hint that does not exist, `EBUSY` for one that conflicts with another hook, and in the
    ///   documented ordering `ESRCH` for a target that is not in the chain. The chain then stays as it was (R79).
    static func inserting(
        _ newcomer: ChainMember, into chain: [ChainMember], ordering: Ordering
    ) throws(HookError) -> [Int] {
        guard newcomer.hint.isValid else {
            throw HookError(.invalidArgument, "hook \(newcomer.name): no such hint: \(newcomer.hint)")
        }
        switch ordering {
        case .documented:
            return try documented(newcomer, into: chain)
        case .illumos:
            var order = Array(chain.indices)
            order.insert(chain.count, at: try illumosIndex(of: newcomer, in: chain))
            return order
        }
    }

    static func conflict(_ newcomer: ChainMember, with other: ChainMember) -> HookError {
        HookError(
            .resourceBusy,
            "hook \(newcomer.name) (\(newcomer.hint)) conflicts with hook \(other.name) (\(other.hint))")
    }
}
