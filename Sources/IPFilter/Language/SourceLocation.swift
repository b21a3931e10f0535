// SPDX-License-Identifier: Apache-2.0

/// A place in a rule file.
public struct SourceLocation: Hashable, Comparable, Sendable {
    /// Line number, the first is 1.
    public let line: Int

    /// Character in the line, the first is 1; a tab is one character.
    public let column: Int

    /// Names a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders as the file is read.
    public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
