// SPDX-License-Identifier: Apache-2.0

/// Asks to be told what happens from now on, one event a reply, until the connection is closed.
public struct Monitor: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "Monitor"
    /// What the fields are called on the wire.
    public static let parameterNames = ["kinds", "instance"]
    /// It has many replies.
    public static let isStream = true

    /// What to tell about; nil for everything.
    public var kinds: [Kind]?
    /// Name of the only instance to tell about, which need not exist yet; nil for all.
    public var instance: String?

    /// Asks.
    public init(kinds: [Kind]? = nil, instance: String? = nil) {
        self.kinds = kinds
        self.instance = instance
    }

    /// One of the answers.
    public struct Reply: Codable, Equatable, Sendable {
        /// What happened.
        public var event: Event

        /// Wraps the answer.
        public init(event: Event) {
            self.event = event
        }
    }

    /// What can be told about.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// Instances that come and go.
        case instance
        /// What notify callbacks are called with.
        case notification
        /// Interface events.
        case nic
        /// Kernel statistics that are created, deleted or change.
        case kstat
    }
}
