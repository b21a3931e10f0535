// SPDX-License-Identifier: Apache-2.0

/// What kind of data a kstat holds: `ks_type` of kstat(9S).
public struct KstatType: RawRepresentable, Sendable, Hashable {
    /// The number; 0 to 4 exist.
    public let rawValue: UInt8

    /// Wraps any number; `KstatRegistry.create` judges it.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `KSTAT_TYPE_RAW`: bytes.
    public static let raw = KstatType(rawValue: 0)
    /// `KSTAT_TYPE_NAMED`: typed values with names.
    public static let named = KstatType(rawValue: 1)
    /// `KSTAT_TYPE_INTR`: interrupt counts.
    public static let interrupt = KstatType(rawValue: 2)
    /// `KSTAT_TYPE_IO`: transfers and queue times.
    public static let io = KstatType(rawValue: 3)
    /// `KSTAT_TYPE_TIMER`: event timers.
    public static let timer = KstatType(rawValue: 4)

    /// Whether the type exists.
    var isKnown: Bool { rawValue <= Self.timer.rawValue }
}

extension KstatType: CustomStringConvertible {
    /// Spelled as in kstat.h, without `KSTAT_TYPE_`.
    public var description: String {
        switch self {
        case .raw: "RAW"
        case .named: "NAMED"
        case .interrupt: "INTR"
        case .io: "IO"
        case .timer: "TIMER"
        default: "\(rawValue)"
        }
    }
}

/// How a kstat is kept: `ks_flags` of kstat(9S).
public struct KstatFlags: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Wraps any bits; `KstatRegistry.create` judges them.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `KSTAT_FLAG_VIRTUAL`: the owner holds the data.
    public static let virtual = KstatFlags(rawValue: 0x01)
    /// `KSTAT_FLAG_VAR_SIZE`: the number of data records may change.
    public static let variableSize = KstatFlags(rawValue: 0x02)
    /// `KSTAT_FLAG_WRITABLE`: root may write it.
    public static let writable = KstatFlags(rawValue: 0x04)
    /// `KSTAT_FLAG_PERSISTENT`: the data outlives the kstat.
    public static let persistent = KstatFlags(rawValue: 0x08)
    /// `KSTAT_FLAG_DORMANT`: persistent, and nobody owns it now.
    public static let dormant = KstatFlags(rawValue: 0x10)
    /// `KSTAT_FLAG_INVALID`: created, not yet installed.
    public static let invalid = KstatFlags(rawValue: 0x20)
    /// `KSTAT_FLAG_LONGSTRINGS`: holds strings behind its fields.
    public static let longStrings = KstatFlags(rawValue: 0x40)

    /// Every bit that means something.
    static let all = KstatFlags(rawValue: 0x7f)
}
