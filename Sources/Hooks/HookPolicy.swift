// SPDX-License-Identifier: Apache-2.0

/// What becomes of a hook that fails or takes too long, and of the packets at which it does.
///
/// Whatever is chosen, it is counted (``HookDescription/trouble``).
public struct HookPolicy: Sendable, Equatable {
    /// What a failure means: an error that the hook's function throws.
    public enum Failure: String, CaseIterable, Sendable {
        /// The next hook gets the packet, as if this one had let it pass.
        case skip
        /// The walk ends with ``HookResult/drop``, as if the hook had returned that.
        case drop
        /// As ``skip``, and the hook is marked to be taken off (``HookTrouble/isToBeRemoved``).
        case remove
    }

    /// What a run that took longer than the budget means.
    public enum OverBudget: String, CaseIterable, Sendable {
        /// It is counted, nothing else.
        case report
        /// For the next second the hook is passed over, as if it let everything pass.
        case skip
        /// The hook is passed over from now on and marked to be taken off (``HookTrouble/isToBeRemoved``).
        case remove
    }

    /// Nanoseconds for which a hook is passed over.
    static let pause: UInt64 = 1_000_000_000

    /// What an error means; by default the next hook gets the packet.
    public var onFailure = Failure.skip

    /// How long one run may take, in nanoseconds of the clock on the wall; nil, the default, measures nothing and costs
    /// nothing. A budget costs two readings of the clock a run.
    public var timeBudget: UInt64?

    /// What a run over the budget means; by default it is counted only.
    public var onOverBudget = OverBudget.report

    /// The defaults.
    public init() {}

    /// Puts a policy together.
    public init(
        onFailure: Failure = .skip, timeBudget: UInt64? = nil, onOverBudget: OverBudget = .report
    ) {
        self.onFailure = onFailure
        self.timeBudget = timeBudget
        self.onOverBudget = onOverBudget
    }
}
