// SPDX-License-Identifier: Apache-2.0

/// Adds a hook to an instance's configuration. Needs credentials.
public struct AddHook: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "AddHook"
    /// What the fields are called on the wire.
    public static let parameterNames = [
        "instance", "hook", "module", "events", "families", "hint", "hintValue", "values", "save",
    ]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// Name or glob of the instance; nil if there is only one.
    public var instance: String?
    /// The new hook's name.
    public var hook: String
    /// What runs.
    public var module: String
    /// Where it runs: `PHYSICAL_IN`.
    public var events: [String]
    /// For which protocols; nil for `inet` and `inet6`.
    public var families: [String]?
    /// How it wants to be placed; nil for anywhere.
    public var hint: ListHooks.Hint?
    /// The hook that ``ListHooks/Hint/before`` or ``ListHooks/Hint/after`` refers to, else nil.
    public var hintValue: String?
    /// Further keys of the configuration, with their values as texts.
    public var values: [String: String]?
    /// Whether the answer shall bring what to write to the configuration file.
    public var save: Bool?

    /// Asks.
    public init(
        instance: String? = nil, hook: String, module: String, events: [String], families: [String]? = nil,
        hint: ListHooks.Hint? = nil, hintValue: String? = nil, values: [String: String]? = nil, save: Bool? = nil
    ) {
        self.instance = instance
        self.hook = hook
        self.module = module
        self.events = events
        self.families = families
        self.hint = hint
        self.hintValue = hintValue
        self.values = values
        self.save = save
    }
}
