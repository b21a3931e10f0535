// SPDX-License-Identifier: Apache-2.0

/// Removes a hook from an instance's configuration. Needs credentials.
public struct RemoveHook: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "RemoveHook"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "hook", "save"]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// Name or glob of the instance; nil if there is only one that has such a hook.
    public var instance: String?
    /// The hook's name.
    public var hook: String
    /// Whether the answer shall bring what to write to the configuration file.
    public var save: Bool?

    /// Asks.
    public init(instance: String? = nil, hook: String, save: Bool? = nil) {
        self.instance = instance
        self.hook = hook
        self.save = save
    }
}
