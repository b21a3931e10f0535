// SPDX-License-Identifier: Apache-2.0

import SystemPackage

extension ChainOrder {
    /// The order in which every hint of every member holds, as close to the present order as possible.
    ///
    /// Hints stay in force while their hook is registered, also when their target has left: when it comes back it is
    /// placed so that they hold again. Hooks that stand already move only if there is no other way.
    static func documented(_ newcomer: ChainMember, into chain: [ChainMember]) throws(HookError) -> [Int] {
        if let target = newcomer.hint.target, !chain.contains(where: { $0.name == target }) {
            throw HookError(
                .noSuchProcess, "hook \(newcomer.name) (\(newcomer.hint)): no hook \(target) on this event")
        }
        if newcomer.hint == .first || newcomer.hint == .last,
            let holder = chain.first(where: { $0.hint == newcomer.hint })
        {
            throw conflict(newcomer, with: holder)
        }
        var wish = Array(chain.indices)
        wish.insert(chain.count, at: preferredIndex(of: newcomer, in: chain))
        return try arranged(wish, members: chain + [newcomer])
    }

    /// The order in which every hint of every member holds, as close to the given one as possible.
    static func settled(_ chain: [ChainMember]) throws(HookError) -> [Int] {
        try arranged(Array(chain.indices), members: chain)
    }

    /// Where the newcomer would stand if only its own hint and those that name it counted.
    ///
    /// Beside its target; for a hook without a hint in front of the first that wants to follow it, else behind the last
    /// that wants to precede it (what R72 intends), else at the end.
    private static func preferredIndex(of newcomer: ChainMember, in chain: [ChainMember]) -> Int {
        switch newcomer.hint.code {
        case Hint.firstCode:
            return 0
        case Hint.beforeCode:
            return chain.firstIndex { $0.name == newcomer.hint.target } ?? chain.count
        case Hint.afterCode:
            return chain.firstIndex { $0.name == newcomer.hint.target }.map { $0 + 1 } ?? chain.count
        case Hint.noneCode:
            let follower = chain.firstIndex { $0.hint.afterTarget == newcomer.name }
            let leader = chain.lastIndex { $0.hint.beforeTarget == newcomer.name }.map { $0 + 1 }
            return follower ?? leader ?? chain.count
        default:
            return chain.count
        }
    }

    /// Sorts `wish` so that no hint is broken: again and again takes the first hook that nobody left over must precede.
    ///
    /// The newcomer is the last of `members`. Quadratic in the number of hooks for each hook taken; a chain is short and
    /// this runs only when a hook is registered.
    private static func arranged(_ wish: [Int], members: [ChainMember]) throws(HookError) -> [Int] {
        var left = wish
        var order: [Int] = []
        while !left.isEmpty {
            let free = left.firstIndex { candidate in
                left.allSatisfy { $0 == candidate || !mustPrecede(members[$0], members[candidate]) }
            }
            guard let free else {
                let names = left.filter { $0 != members.count - 1 }.map { members[$0].name }
                let newcomer = members[members.count - 1]
                throw HookError(
                    .resourceBusy,
                    "hook \(newcomer.name) (\(newcomer.hint)) contradicts what these ask for: "
                        + names.joined(separator: ", "))
            }
            order.append(left.remove(at: free))
        }
        return order
    }

    private static func mustPrecede(_ one: ChainMember, _ other: ChainMember) -> Bool {
        one.hint == .first || other.hint == .last || one.hint.beforeTarget == other.name
            || other.hint.afterTarget == one.name
    }
}
