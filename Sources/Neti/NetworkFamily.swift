// SPDX-License-Identifier: Apache-2.0

/// An address family that has packet hooks, under its two names.
///
/// The original looks a protocol up as `NHF_INET` and shows it in notifications and kstats as `inet` (R5); the two are
/// never exchanged.
public enum NetworkFamily: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// IP version 4.
    case inet
    /// IP version 6.
    case inet6

    /// The family name, as kstats and notifications show it: `inet`, `inet6`.
    public var description: String { rawValue }

    /// The name under which ``Instance/protocolHandle(named:)`` finds the protocol: `NHF_INET`, `NHF_INET6`.
    public var protocolName: String {
        switch self {
        case .inet: "NHF_INET"
        case .inet6: "NHF_INET6"
        }
    }

    /// The family that a protocol name such as `NHF_INET` stands for; case counts (R27).
    public init?(protocolName: String) {
        guard let family = Self.allCases.first(where: { $0.protocolName == protocolName }) else { return nil }
        self = family
    }
}
