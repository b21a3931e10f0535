// SPDX-License-Identifier: Apache-2.0

/// Asks what to write to the configuration file so that all changes outlive the daemon. Needs credentials.
public struct SaveConfiguration: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "SaveConfiguration"
    /// It has no parameters.
    public static let parameterNames: [String] = []
    /// It needs credentials and is logged.
    public static let isChange = true
    /// What all changes of the configuration answer.
    public typealias Reply = ConfigurationEditing.Reply

    /// Asks.
    public init() {}
}
