// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// What went wrong with one registered hook since it was registered.
public struct HookTrouble: Sendable, Equatable {
    /// Runs that ended with an error.
    public var failures: UInt64 = 0
    /// The error of the last one; nil while there was none.
    public var lastFailure: Errno?
    /// Runs that took longer than the hook's time budget.
    public var overBudget: UInt64 = 0
    /// The longest of them, in nanoseconds; 0 while there was none.
    public var longest: UInt64 = 0
    /// How often the hook was passed over for that.
    public var skipped: UInt64 = 0
    /// Whether it is passed over now.
    public var isSkipped = false
    /// Whether its policy wants it taken off. Hooks can't be unregistered from the threads that run them, so whoever
    /// registered it has to look; the daemon does, several times a second.
    public var isToBeRemoved = false

    /// No trouble.
    public init() {}
}
