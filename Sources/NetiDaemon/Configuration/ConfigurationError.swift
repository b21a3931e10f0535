// SPDX-License-Identifier: Apache-2.0

/// Why a configuration is refused: everything that is wrong with it, in the order of the file.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One mistake and its place.
    public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
        /// The file, as its path was given.
        public let file: String

        /// Line, from 1; nil when the file as a whole is meant.
        public let line: Int?

        /// Column, from 1; only for text that isn't TOML.
        public let column: Int?

        /// The full key, such as `instance[0].hook[1].hint`; empty when no key is meant.
        public let key: String

        /// What is wrong.
        public let message: String

        /// `FILE:LINE:COLUMN: KEY: MESSAGE`, without the parts that don't apply.
        public var description: String {
            let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
            return [place, key, message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    /// At least one mistake, sorted by line.
    public let diagnostics: [Diagnostic]

    /// One line for each mistake, without a newline at the end.
    public var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}
