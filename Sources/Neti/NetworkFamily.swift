// SPDX-License-Identifier: Apache-2.0

/// A family that has packet hooks, under its two names.
///
/// The original looks a protocol up as `NHF_INET` and shows it in notifications and kstats as `inet` (R5); the two are
/// never exchanged.
public enum NetworkFamily: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// IP version 4.
    case inet
    /// IP version 6.
    case inet6
    /// Address resolution; its packets can only be looked at, and only link-layer headers come before them.
    case arp

    /// The two that carry IP packets.
    public static let ip: [NetworkFamily] = [.inet, .inet6]

    /// The packet events of the family, in the order in which they are registered (table in R5, R6).
    public var events: [NetworkEvent] {
        switch self {
        case .inet, .inet6: [.physicalIn, .physicalOut, .forwarding, .loopbackIn, .loopbackOut, .observing]
        case .arp: [.physicalIn, .physicalOut]
        }
    }

    /// The family name, as kstats and notifications show it: `inet`, `inet6`, `arp`.
    public var description: String { rawValue }

    /// The name under which ``Instance/protocolHandle(named:)`` finds the protocol: `NHF_INET`, `NHF_INET6`, `NHF_ARP`.
    public var protocolName: String {
        switch self {
        case .inet: "NHF_INET"
        case .inet6: "NHF_INET6"
        case .arp: "NHF_ARP"
        }
    }

    /// The family that a protocol name such as `NHF_INET` stands for; case counts (R27).
    public init?(protocolName: String) {
        guard let family = Self.allCases.first(where: { $0.protocolName == protocolName }) else { return nil }
        self = family
    }
}
