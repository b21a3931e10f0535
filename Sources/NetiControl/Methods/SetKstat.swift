// SPDX-License-Identifier: Apache-2.0

/// Writes one statistic of a kernel statistics object that is writable. Needs credentials.
public struct SetKstat: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "SetKstat"
    /// What the fields are called on the wire.
    public static let parameterNames = ["module", "instance", "name", "statistic", "value", "netid"]
    /// It needs credentials and is logged.
    public static let isChange = true

    /// The module: `count`.
    public var module: String
    /// The instance number of the kstat, which is not the netid.
    public var instance: Int
    /// The kstat's name.
    public var name: String
    /// The statistic's name.
    public var statistic: String
    /// The new value as ``ListKstats`` gives values.
    public var value: String
    /// The IP instance; nil if there is only one that has such a kstat.
    public var netid: Int?

    /// Asks.
    public init(
        module: String, instance: Int, name: String, statistic: String, value: String, netid: Int? = nil
    ) {
        self.module = module
        self.instance = instance
        self.name = name
        self.statistic = statistic
        self.value = value
        self.netid = netid
    }

    /// Nothing comes back.
    public struct Reply: Codable, Equatable, Sendable {
        /// The only value.
        public init() {}
    }
}
