// SPDX-License-Identifier: Apache-2.0

/// Adds an instance, or with a glob one for each namespace that matches, to the configuration. Needs credentials.
public struct AddInstance: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "AddInstance"
    /// What the fields are called on the wire.
    public static let parameterNames = ["name", "netns", "values", "save"]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// The instance's name: `global` for the namespace in which the daemon runs; nil to be called like its namespace.
    public var name: String?
    /// Name of the namespace, or a glob; nil for the namespace in which the daemon runs.
    public var netns: String?
    /// Further keys of the configuration, with their values as texts: `1`, `true`, `closed`.
    public var values: [String: String]?
    /// Whether the answer shall bring what to write to the configuration file.
    public var save: Bool?

    /// Asks.
    public init(
        name: String? = nil, netns: String? = nil, values: [String: String]? = nil, save: Bool? = nil
    ) {
        self.name = name
        self.netns = netns
        self.values = values
        self.save = save
    }
}
