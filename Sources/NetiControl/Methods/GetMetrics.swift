// SPDX-License-Identifier: Apache-2.0

/// Asks for the metrics that Prometheus would fetch, as text.
public struct GetMetrics: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "GetMetrics"
    /// It has no parameters.
    public static let parameterNames: [String] = []

    /// Asks.
    public init() {}

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// The exposition format of Prometheus, version 0.0.4.
        public var text: String

        /// Wraps the answer.
        public init(text: String) {
            self.text = text
        }
    }
}
