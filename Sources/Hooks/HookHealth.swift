// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import SystemPackage

/// How one registration fares, noted down by the threads that run it; every chain that has the hook shares it.
final class HookHealth: Sendable {
    /// Until when the hook is passed over, by the monotonic clock in nanoseconds; `UInt64.max`: for good.
    fileprivate let skippedUntil = Atomic<UInt64>(0)
    fileprivate let lastFailure = Atomic<Int32>(0)
    fileprivate let longest = Atomic<UInt64>(0)
    fileprivate let isToBeRemoved = Atomic(false)

    /// What is known, together with what was counted.
    func trouble(_ counts: HookCounts) -> HookTrouble {
        var trouble = HookTrouble()
        trouble.failures = counts.failures
        let error = lastFailure.load(ordering: .relaxed)
        trouble.lastFailure = error == 0 ? nil : Errno(rawValue: error)
        trouble.overBudget = counts.overBudget
        trouble.longest = longest.load(ordering: .relaxed)
        trouble.skipped = counts.skipped
        trouble.isSkipped = MonotonicClock.now < skippedUntil.load(ordering: .relaxed)
        trouble.isToBeRemoved = isToBeRemoved.load(ordering: .relaxed)
        return trouble
    }
}

/// What the threads that run a hook do about its policy. A plain value that owns nothing: the entry that has it keeps the
/// ``HookHealth``. Nothing here is called for a hook that returns in time, or has no budget.
@safe
@usableFromInline
struct HookWatch: @unchecked Sendable {
    /// In nanoseconds; 0 is none.
    @usableFromInline let budget: UInt64
    private let health: Unmanaged<HookHealth>
    private let onFailure: HookPolicy.Failure
    private let onOverBudget: HookPolicy.OverBudget

    init(_ policy: HookPolicy, _ health: HookHealth) {
        // A budget of nothing at all is still one.
        budget = policy.timeBudget.map { max($0, 1) } ?? 0
        onFailure = policy.onFailure
        onOverBudget = policy.onOverBudget
        unsafe self.health = .passUnretained(health)
    }

    /// Whether the hook is to be passed over.
    @usableFromInline
    func isSkipped(at now: UInt64) -> Bool {
        unsafe health._withUnsafeGuaranteedRef { now < $0.skippedUntil.load(ordering: .relaxed) }
    }

    /// Notes an error, and says what the hook is taken to have returned.
    @usableFromInline
    func note(failure: Errno) -> HookResult {
        unsafe health._withUnsafeGuaranteedRef { health in
            health.lastFailure.store(failure.rawValue, ordering: .relaxed)
            if onFailure == .remove { health.isToBeRemoved.store(true, ordering: .relaxed) }
        }
        return onFailure == .drop ? .drop : .pass
    }

    /// Notes that a run over the budget has ended just now.
    @usableFromInline
    func note(overBudget nanoseconds: UInt64, at now: UInt64) {
        unsafe health._withUnsafeGuaranteedRef { health in
            health.longest.max(nanoseconds, ordering: .relaxed)
            switch onOverBudget {
            case .report: break
            case .skip: health.skippedUntil.store(now &+ HookPolicy.pause, ordering: .relaxed)
            case .remove:
                health.skippedUntil.store(.max, ordering: .relaxed)
                health.isToBeRemoved.store(true, ordering: .relaxed)
            }
        }
    }
}
