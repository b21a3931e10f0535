// SPDX-License-Identifier: Apache-2.0

/// Where a network namespace is found.
public enum Namespace: Hashable, Sendable, CustomStringConvertible {
    /// The one in which the process started.
    case own

    /// A file that names a namespace, as `ip netns add` makes them: `/run/netns/blue`.
    case path(String)

    /// The path, or `own`.
    public var description: String {
        switch self {
        case .own: "own"
        case .path(let path): path
        }
    }
}
