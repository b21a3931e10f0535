// SPDX-License-Identifier: Apache-2.0

extension ChainOrder {
    /// The index at which the original inserts: looked at once, never again, nobody else moves (R67 to R80).
    ///
    /// The oddities are kept on purpose, since software depends on what they give: an unknown target is no error (R71),
    /// and a LAST is protected only while it is at the head (R73).
    static func illumosIndex(of newcomer: ChainMember, in chain: [ChainMember]) throws(HookError) -> Int {
        switch newcomer.hint.code {
        case Hint.firstCode:
            if let head = chain.first, head.hint == .first { throw conflict(newcomer, with: head) }
            return 0
        case Hint.lastCode:
            if let tail = chain.last, tail.hint == .last { throw conflict(newcomer, with: tail) }
            return chain.count
        case Hint.beforeCode, Hint.afterCode:
            return try illumosIndexBesideTarget(of: newcomer, in: chain)
        default:
            return illumosIndexBesideAskers(of: newcomer, in: chain)
        }
    }

    private static func illumosIndexBesideTarget(
        of newcomer: ChainMember, in chain: [ChainMember]
    ) throws(HookError) -> Int {
        let wantsBefore = newcomer.hint.code == Hint.beforeCode
        if let target = chain.firstIndex(where: { $0.name == newcomer.hint.target }) {
            let forbidden = wantsBefore ? Hint.first : Hint.last
            if chain[target].hint == forbidden { throw conflict(newcomer, with: chain[target]) }
            return wantsBefore ? target : target + 1
        }
        // The first other hook that waits for the same absent target decides (R71).
        if let other = chain.firstIndex(where: { $0.hint.target == newcomer.hint.target }) {
            return chain[other].hint.code == newcomer.hint.code ? other + 1 : other
        }
        return illumosPlainIndex(in: chain)
    }

    private static func illumosIndexBesideAskers(of newcomer: ChainMember, in chain: [ChainMember]) -> Int {
        if let follower = chain.firstIndex(where: { $0.hint.afterTarget == newcomer.name }) {
            return follower
        }
        if let leader = chain.firstIndex(where: { $0.hint.beforeTarget == newcomer.name }) {
            return leader + 1
        }
        return illumosPlainIndex(in: chain)
    }

    private static func illumosPlainIndex(in chain: [ChainMember]) -> Int {
        chain.first?.hint == .last ? 0 : chain.count
    }
}
