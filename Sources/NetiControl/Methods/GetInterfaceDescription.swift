// SPDX-License-Identifier: Apache-2.0

/// Asks for the text of one interface's description.
public struct GetInterfaceDescription: ControlMethod, Equatable {
    /// It belongs to `org.varlink.service`.
    public static let interface = ServiceInterface.name
    /// The name without the interface.
    public static let name = "GetInterfaceDescription"
    /// What ``described`` is called on the wire.
    public static let parameterNames = ["interface"]

    /// Name of the interface.
    public var described: String

    /// Asks.
    public init(_ interface: String) {
        described = interface
    }

    private enum CodingKeys: String, CodingKey {
        case described = "interface"
    }

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// The text in Varlink's own language.
        public var description: String

        /// Wraps the answer.
        public init(description: String) {
            self.description = description
        }
    }
}
