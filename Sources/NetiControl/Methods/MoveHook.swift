// SPDX-License-Identifier: Apache-2.0

/// Gives a hook another place in the chains of its events. Needs credentials.
public struct MoveHook: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "MoveHook"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "hook", "hint", "hintValue", "save"]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// Name or glob of the instance; nil if there is only one that has such a hook.
    public var instance: String?
    /// The hook's name.
    public var hook: String
    /// How it wants to be placed.
    public var hint: ListHooks.Hint
    /// The hook that ``ListHooks/Hint/before`` or ``ListHooks/Hint/after`` refers to, else nil.
    public var hintValue: String?
    /// Whether the answer shall bring what to write to the configuration file.
    public var save: Bool?

    /// Asks.
    public init(
        instance: String? = nil, hook: String, hint: ListHooks.Hint, hintValue: String? = nil, save: Bool? = nil
    ) {
        self.instance = instance
        self.hook = hook
        self.hint = hint
        self.hintValue = hintValue
        self.save = save
    }
}
