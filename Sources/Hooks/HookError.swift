// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why the framework refused: the errno the manual promises, and a sentence for the person who reads the log.
public struct HookError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What net_hook_register(9F) and its relatives return.
    public let errno: Errno
    /// What was wrong, with the names involved; no full stop, no errno text.
    public let message: String

    /// Makes an error; callbacks given to the framework use it to refuse.
    public init(_ errno: Errno, _ message: String) {
        self.errno = errno
        self.message = message
    }

    /// The message and, in brackets, the text of the errno.
    public var description: String { "\(message) (\(errno))" }
}
