// SPDX-License-Identifier: Apache-2.0

public import Hooks
public import SystemPackage

/// Why a call failed: the error number that the manual page promises, and a sentence for a person.
public struct NetiError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The error number of the manual page, such as `ESHUTDOWN` or `EEXIST`.
    public let errno: Errno

    /// What was attempted and why it was refused, in one sentence without the error number.
    public let reason: String

    /// Makes an error of its two parts.
    public init(_ errno: Errno, _ reason: String) {
        self.errno = errno
        self.reason = reason
    }

    /// A refusal of the hook framework, unchanged.
    public init(_ error: HookError) {
        self.init(error.errno, error.message)
    }

    /// The sentence followed by the system's words for the error number.
    public var description: String { "\(reason): \(errno)" }
}
