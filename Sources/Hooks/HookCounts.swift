// SPDX-License-Identifier: Apache-2.0

/// What a chain counts of each hook, in a column of its own.
@usableFromInline
enum HookFigure: Int, CaseIterable {
    case hits, drops, failures, overBudget, skipped
}

/// What one registration has counted, in one chain or in all of them.
struct HookCounts: Sendable, Equatable {
    /// How often it ran.
    var hits: UInt64 = 0
    /// How often it ended the walk.
    var drops: UInt64 = 0
    /// How often it threw an error.
    var failures: UInt64 = 0
    /// How often it took longer than its budget.
    var overBudget: UInt64 = 0
    /// How often it was passed over.
    var skipped: UInt64 = 0

    static func &+= (sum: inout HookCounts, counts: HookCounts) {
        sum.hits &+= counts.hits
        sum.drops &+= counts.drops
        sum.failures &+= counts.failures
        sum.overBudget &+= counts.overBudget
        sum.skipped &+= counts.skipped
    }
}
