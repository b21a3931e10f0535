// SPDX-License-Identifier: Apache-2.0

/// What one registration has counted, in one chain or in all of them.
struct HookCounts: Sendable, Equatable {
    /// How often it ran.
    var hits: UInt64 = 0
    /// How often it ended the walk.
    var drops: UInt64 = 0

    static func &+= (sum: inout HookCounts, counts: HookCounts) {
        sum.hits &+= counts.hits
        sum.drops &+= counts.drops
    }
}
