// SPDX-License-Identifier: Apache-2.0

/// What can be told about one registered hook: the fields of its kstat (R185).
public struct HookDescription: Sendable, Equatable {
    /// `h_name`.
    public let name: String
    /// `h_version`.
    public let version: Int32
    /// `h_flags`.
    public let flags: UInt32
    /// The hint it was registered with.
    public let hint: Hint
    /// 1-based place in the chain as it was after the latest registration; unregistering does not renumber (R186).
    public let position: Int
    /// How often it has run, counting the run that ended a walk (R82).
    public let hits: UInt64
    /// How often it ended the walk, with something else than `pass`: packets that it did not let go on.
    public let drops: UInt64
    /// Which registration it is on its event, counted from 1 and never used again: what ``HookDecision/registration``
    /// tells.
    public let registration: UInt64
    /// What becomes of it when it fails or takes too long.
    public let policy: HookPolicy
    /// What went wrong with it.
    public let trouble: HookTrouble

    /// Puts a description together.
    public init(
        name: String, version: Int32, flags: UInt32, hint: Hint, position: Int, hits: UInt64, drops: UInt64,
        registration: UInt64, policy: HookPolicy = HookPolicy(), trouble: HookTrouble = HookTrouble()
    ) {
        self.name = name
        self.version = version
        self.flags = flags
        self.hint = hint
        self.position = position
        self.hits = hits
        self.drops = drops
        self.registration = registration
        self.policy = policy
        self.trouble = trouble
    }
}

/// What an event counts: the fields of its kstat, all of them starting at 0 (R184).
public struct EventCounters: Sendable, Equatable {
    /// Successful registrations.
    public let added: UInt64
    /// Hooks taken off again; `added - removed` hooks are registered now.
    public let removed: UInt64
    /// How often the event was run.
    public let events: UInt64

    /// Puts counters together.
    public init(added: UInt64, removed: UInt64, events: UInt64) {
        self.added = added
        self.removed = removed
        self.events = events
    }
}
