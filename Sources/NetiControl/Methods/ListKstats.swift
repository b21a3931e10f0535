// SPDX-License-Identifier: Apache-2.0

/// Asks for the kernel statistics for which everything that is given holds; nil holds for everything.
public struct ListKstats: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "ListKstats"
    /// What the fields are called on the wire.
    public static let parameterNames = ["module", "instance", "name", "statistic", "netid"]

    /// The module: `inet`, `inet/PHYSICAL_IN`.
    public var module: String?
    /// The instance number of the kstat, which is not the netid.
    public var instance: Int?
    /// The kstat's name: `PHYSICAL_IN`.
    public var name: String?
    /// Leaves only this statistic in each kstat, and only the kstats that have it.
    public var statistic: String?
    /// The IP instance.
    public var netid: Int?

    /// Asks.
    public init(
        module: String? = nil, instance: Int? = nil, name: String? = nil, statistic: String? = nil, netid: Int? = nil
    ) {
        self.module = module
        self.instance = instance
        self.name = name
        self.statistic = statistic
        self.netid = netid
    }

    /// What of `kstats` was asked for, in the same order.
    public func select(from kstats: [Kstat]) -> [Kstat] {
        kstats.compactMap { kstat in
            guard module == nil || kstat.module == module, instance == nil || kstat.instance == instance,
                name == nil || kstat.name == name, netid == nil || kstat.netid == netid
            else { return nil }
            guard let statistic else { return kstat }
            var narrowed = kstat
            narrowed.statistics.removeAll { $0.name != statistic }
            return narrowed.statistics.isEmpty ? nil : narrowed
        }
    }

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// The kernel statistics.
        public var kstats: [Kstat]

        /// Wraps the answer.
        public init(kstats: [Kstat]) {
            self.kstats = kstats
        }
    }

    /// One kernel-statistics object as it was at ``snaptime``.
    public struct Kstat: Codable, Equatable, Sendable {
        /// The module: `inet`, `inet/PHYSICAL_IN`.
        public var module: String
        /// The instance number, 0 for those of the hook framework.
        public var instance: Int
        /// The name: `PHYSICAL_IN`.
        public var name: String
        /// The class: `hook_event`, `hook`.
        public var `class`: String
        /// What kind of data it holds.
        public var type: KstatType
        /// How it is kept.
        public var flags: [KstatFlag]
        /// The IP instance to which it belongs.
        public var netid: Int
        /// When it was created, in nanoseconds of the monotonic clock.
        public var crtime: Int
        /// When it was read, in nanoseconds of the monotonic clock.
        public var snaptime: Int
        /// The values in the order in which the module declared them.
        public var statistics: [Statistic]

        /// Fills in every field.
        public init(
            module: String, instance: Int, name: String, class: String, type: KstatType = .named,
            flags: [KstatFlag] = [.virtual], netid: Int, crtime: Int, snaptime: Int, statistics: [Statistic]
        ) {
            self.module = module
            self.instance = instance
            self.name = name
            self.class = `class`
            self.type = type
            self.flags = flags
            self.netid = netid
            self.crtime = crtime
            self.snaptime = snaptime
            self.statistics = statistics
        }
    }

    /// One named value.
    public struct Statistic: Codable, Equatable, Sendable {
        /// Its name: `hooksAdded`.
        public var name: String
        /// What the text stands for.
        public var type: StatisticType
        /// The value; numbers in decimal, so that no JSON reader loses bits of a 64-bit one.
        public var value: String

        /// Fills in every field.
        public init(name: String, type: StatisticType, value: String) {
            self.name = name
            self.type = type
            self.value = value
        }
    }

    /// What kind of data a kstat holds (`KSTAT_TYPE_*`).
    public enum KstatType: String, Codable, CaseIterable, Sendable {
        /// Bytes, shown as one statistic `raw`.
        case raw
        /// Named values.
        case named
        /// Interrupt counts.
        case intr
        /// Transfers and queue times.
        case io
        /// Event timers.
        case timer
    }

    /// How a kstat is kept (`KSTAT_FLAG_*`).
    public enum KstatFlag: String, Codable, CaseIterable, Sendable {
        /// Its owner holds the data.
        case virtual
        /// The number of records may change.
        case variableSize
        /// ``SetKstat`` may write it.
        case writable
        /// The data outlive the owner and the daemon.
        case persistent
        /// Persistent, and nobody owns it now.
        case dormant
        /// It holds strings of any length.
        case longStrings
    }

    /// The data types of named kernel statistics (`KSTAT_DATA_*`), and ``raw``.
    public enum StatisticType: String, Codable, CaseIterable, Sendable {
        /// Up to 16 characters.
        case char
        /// Signed 32 bit.
        case int32
        /// Unsigned 32 bit.
        case uint32
        /// Signed 64 bit.
        case int64
        /// Unsigned 64 bit.
        case uint64
        /// IEEE single precision.
        case float
        /// IEEE double precision.
        case double
        /// Text of any length.
        case string
        /// Bytes, two hexadecimal digits each.
        case raw
    }
}
