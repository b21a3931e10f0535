// SPDX-License-Identifier: Apache-2.0

/// Lets the daemon read its configuration again and follow it, all or nothing. Needs credentials.
public struct Reload: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "Reload"
    /// What the fields are called on the wire.
    public static let parameterNames = ["confirm", "dryRun"]
    /// It needs credentials and is logged.
    public static let isChange = true

    /// The longest time to wait for a confirmation, in seconds: a day.
    public static let longestWait = 86_400

    /// Seconds after which the daemon goes back unless ``ConfirmReload`` comes, 1 to ``longestWait``; nil for not at all.
    public var confirm: Int?
    /// Whether only to say what would change. Nil is no.
    public var dryRun: Bool?

    /// Asks.
    public init(confirm: Int? = nil, dryRun: Bool? = nil) {
        self.confirm = confirm
        self.dryRun = dryRun
    }

    /// What comes back.
    public struct Reply: Codable, Equatable, Sendable {
        /// What was changed, or would be.
        public var changes: [Change]
        /// What was changed over the interface, not saved, and doesn't hold any longer.
        public var discarded: [Change]

        /// Answers.
        public init(changes: [Change], discarded: [Change] = []) {
            self.changes = changes
            self.discarded = discarded
        }
    }

    /// What becomes of a part of the configuration.
    public enum Action: String, Codable, CaseIterable, Sendable {
        /// It is new.
        case added
        /// It goes.
        case removed
        /// It goes on, as the details say.
        case changed
        /// A namespace has an instance of another name.
        case remade
    }

    /// One difference.
    public struct Change: Codable, Equatable, Sendable {
        /// What becomes of it.
        public var action: Action
        /// Name or glob of the instance; nil for the daemon itself.
        public var instance: String?
        /// Name of the hook; nil for the instance itself.
        public var hook: String?
        /// The keys that change, each with both values.
        public var details: [String]

        /// Puts it together.
        public init(action: Action, instance: String?, hook: String?, details: [String]) {
            self.action = action
            self.instance = instance
            self.hook = hook
            self.details = details
        }
    }
}

/// Keeps what the last reload changed, which would go back by itself. Needs credentials.
public struct ConfirmReload: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "ConfirmReload"
    /// It takes nothing.
    public static let parameterNames: [String] = []
    /// It needs credentials and is logged.
    public static let isChange = true

    /// Asks.
    public init() {}

    /// Nothing comes back.
    public struct Reply: Codable, Equatable, Sendable {
        /// The only value.
        public init() {}
    }
}
