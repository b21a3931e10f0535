// SPDX-License-Identifier: Apache-2.0

/// Number of an IP instance (`netid_t`).
///
/// The daemon's own network namespace is number 0; every other namespace gets the next free number when it is first
/// seen and keeps it, by its name, while the daemon runs. Signed 32 bit like the original's `id_t`; -1 stands for "no
/// such instance" where a C caller would get it (R20 to R22).
public struct NetID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: Int32

    /// Wraps a number; whether such an instance exists is ``Netinfo/instance(_:)``'s to say.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The instance of the namespace in which the daemon itself runs (`GLOBAL_NETSTACKID`).
    public static let global = NetID(rawValue: 0)

    /// Decimal, as notifications and kstats show it.
    public var description: String { String(rawValue) }

    /// Orders by number, that is by age.
    public static func < (left: NetID, right: NetID) -> Bool {
        left.rawValue < right.rawValue
    }
}
