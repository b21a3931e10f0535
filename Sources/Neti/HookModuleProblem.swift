// SPDX-License-Identifier: Apache-2.0

/// Something wrong with a value of a module's own keys, or in a file that a value names.
public struct HookModuleProblem: Sendable, Equatable {
    /// The key whose value is wrong; nil when the mistake is in ``file``.
    public let key: String?

    /// The file; nil when the mistake is in the value of ``key``.
    public let file: String?

    /// Line, from 1; nil when the file as a whole is meant.
    public let line: Int?

    /// Column, from 1.
    public let column: Int?

    /// What is wrong and what was expected; may have further lines that show the place.
    public let message: String

    /// Describes a problem with a value; the daemon says where that stands.
    public init(key: String, message: String) {
        self.key = key
        file = nil
        line = nil
        column = nil
        self.message = message
    }

    /// Describes a problem in a file.
    public init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        key = nil
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }
}
