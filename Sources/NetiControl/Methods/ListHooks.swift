// SPDX-License-Identifier: Apache-2.0

/// Asks for the hooks of one instance or of all.
public struct ListHooks: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "ListHooks"
    /// What ``instance`` is called on the wire.
    public static let parameterNames = ["instance"]

    /// Name of the instance; nil asks for all.
    public var instance: String?

    /// Asks.
    public init(instance: String? = nil) {
        self.instance = instance
    }

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// The hooks; those of one event follow each other in chain order.
        public var hooks: [Hook]

        /// Wraps the answer.
        public init(hooks: [Hook]) {
            self.hooks = hooks
        }
    }

    /// One hook in the chain of one event, or behind it one that was taken off.
    public struct Hook: Codable, Equatable, Sendable {
        /// Name of the instance.
        public var instance: String
        /// Number of the instance.
        public var netid: Int
        /// The family that kstats show: `inet`, `inet6`.
        public var family: String
        /// The event in the manual's spelling: `PHYSICAL_IN`.
        public var event: String
        /// Place in the chain; the hook with 1 sees a packet first (R186). 0 for one that was taken off.
        public var position: Int
        /// The hook's name.
        public var name: String
        /// How it asked to be placed.
        public var hint: Hint
        /// The hook that ``Hint/before`` or ``Hint/after`` refers to, else nil.
        public var hintValue: String?
        /// Packets that it was called for.
        public var hits: Int
        /// Packets that it did not let go on.
        public var drops: Int
        /// How often it failed.
        public var failures: Int
        /// How often it took longer than its time budget.
        public var overBudget: Int
        /// Packets that passed it by for that.
        public var skipped: Int
        /// Whether packets meet it.
        public var state: State
        /// Why it was taken off, else nil.
        public var reason: String?
        /// The module that runs, such as `ipf`; nil for a hook that a program registered itself.
        public var module: String?
        /// Whether the configuration file says the same.
        public var saved: Bool

        /// Fills in every field; saved unless told otherwise.
        public init(
            instance: String, netid: Int, family: String, event: String, position: Int, name: String, hint: Hint,
            hintValue: String?, hits: Int, drops: Int, failures: Int = 0, overBudget: Int = 0, skipped: Int = 0,
            state: State = .active, reason: String? = nil, module: String?, saved: Bool = true
        ) {
            self.instance = instance
            self.netid = netid
            self.family = family
            self.event = event
            self.position = position
            self.name = name
            self.hint = hint
            self.hintValue = hintValue
            self.hits = hits
            self.drops = drops
            self.failures = failures
            self.overBudget = overBudget
            self.skipped = skipped
            self.state = state
            self.reason = reason
            self.module = module
            self.saved = saved
        }
    }

    /// Whether packets meet a hook.
    public enum State: String, Codable, CaseIterable, Sendable {
        /// They do.
        case active
        /// It ran over its time budget and is passed over for a moment.
        case skipped
        /// It failed or ran over its time budget, and is about to be taken off for that.
        case leaving
        /// That has happened; a reload, or any change of the configuration, puts it back.
        case takenOff
    }

    /// How a hook asked to be placed.
    public enum Hint: String, Codable, CaseIterable, Sendable {
        /// Anywhere.
        case none
        /// Before all others.
        case first
        /// After all others.
        case last
        /// Before a named hook.
        case before
        /// After a named hook.
        case after
    }
}
