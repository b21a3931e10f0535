// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why the registry refused. The C interface returns NULL for all of these (R174); here each says what was wrong.
public struct KstatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `EINVAL` nonsense, `ENOTSUP` sense that is not there yet, `EEXIST`, `ENXIO` not registered, `ENOMEM` at the
    /// limit, `EDEADLK` from inside the kstat's own update.
    public let errno: Errno
    /// What was wrong, with the names involved; no full stop, no errno text.
    public let message: String

    init(_ errno: Errno, _ message: String) {
        self.errno = errno
        self.message = message
    }

    /// The message and, in brackets, the text of the errno.
    public var description: String { "\(message) (\(errno))" }
}
