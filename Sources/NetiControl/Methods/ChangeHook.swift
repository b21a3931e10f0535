// SPDX-License-Identifier: Apache-2.0

/// Gives a hook's module other values for some of its keys, all of them or none. Needs credentials.
public struct ChangeHook: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "ChangeHook"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "hook", "values"]
    /// It needs credentials and is logged.
    public static let isChange = true

    /// Name of the instance; nil if there is only one that has such a hook.
    public var instance: String?
    /// The hook's name.
    public var hook: String
    /// Keys as in the configuration, with their new values as texts.
    public var values: [String: String]

    /// Asks.
    public init(instance: String? = nil, hook: String, values: [String: String]) {
        self.instance = instance
        self.hook = hook
        self.values = values
    }

    /// Nothing comes back.
    public struct Reply: Codable, Equatable, Sendable {
        /// The only value.
        public init() {}
    }
}
