// SPDX-License-Identifier: Apache-2.0

/// Removes an instance with its hooks from the configuration. Needs credentials.
public struct RemoveInstance: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "RemoveInstance"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "save"]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// Its name or glob.
    public var instance: String
    /// Whether the answer shall bring what to write to the configuration file.
    public var save: Bool?

    /// Asks.
    public init(instance: String, save: Bool? = nil) {
        self.instance = instance
        self.save = save
    }
}
