// SPDX-License-Identifier: Apache-2.0

/// Asks who answers and which interfaces there are.
public struct GetInfo: ControlMethod, Equatable {
    /// It belongs to `org.varlink.service`.
    public static let interface = ServiceInterface.name
    /// The name without the interface.
    public static let name = "GetInfo"
    /// It has no parameters.
    public static let parameterNames: [String] = []

    /// Asks.
    public init() {}

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// Who made the service.
        public var vendor: String
        /// What the service is.
        public var product: String
        /// Its version.
        public var version: String
        /// Where to read about it.
        public var url: String
        /// The names of its interfaces.
        public var interfaces: [String]

        /// Fills in every field.
        public init(vendor: String, product: String, version: String, url: String, interfaces: [String]) {
            self.vendor = vendor
            self.product = product
            self.version = version
            self.url = url
            self.interfaces = interfaces
        }
    }
}
