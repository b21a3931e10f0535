// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why the registry or the owner of a kstat refused. In C, creating returns NULL for all of these (R174) and what may not
/// be done at all panics (R178, R179, R182); here each says what was wrong.
public struct KstatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `EINVAL` nonsense, `EEXIST`, `ENXIO` not registered, `ENOMEM` at the limit, `EACCES` not to be written, `EIO` the
    /// owner failed, `EDEADLK` from inside a function of the kstat's own owner.
    public let errno: Errno
    /// What was wrong, with the names involved; no full stop, no errno text.
    public let message: String

    /// For the functions of owners.
    public init(_ errno: Errno, _ message: String) {
        self.errno = errno
        self.message = message
    }

    /// The message and, in brackets, the text of the errno.
    public var description: String { "\(message) (\(errno))" }
}
