// SPDX-License-Identifier: Apache-2.0

/// What a kstat said at one moment.
public struct KstatSnapshot: Sendable, Equatable {
    /// The names under which kstat(1M) shows properties of the kstat itself among its statistics.
    public static let properties = ["class", "crtime", "snaptime"]

    /// `ks_kid`.
    public let id: UInt32
    /// `ks_module`.
    public let module: String
    /// `ks_instance`.
    public let instance: Int32
    /// `ks_name`.
    public let name: String
    /// `ks_class`.
    public let `class`: String
    /// `ks_type`.
    public let type: KstatType
    /// `ks_flags`.
    public let flags: KstatFlags
    /// The netids of the IP instances that see it.
    public let netids: Set<Int32>
    /// `ks_crtime`.
    public let creationTime: KstatTime
    /// `ks_snaptime`: when the values were taken.
    public let snapshotTime: KstatTime
    /// `ks_data`, all of it.
    public let data: KstatData
    /// The selected statistics, as `KstatData.statistics` names them.
    public let fields: [NamedValue]

    init(of kstat: Kstat, _ data: KstatData, fields: [NamedValue]? = nil, at time: KstatTime) {
        id = kstat.id
        module = kstat.module
        instance = kstat.instance
        name = kstat.name
        `class` = kstat.class
        type = kstat.type
        flags = kstat.flags
        netids = kstat.netids
        creationTime = kstat.creationTime
        snapshotTime = time
        self.data = data
        self.fields = fields ?? data.statistics
    }
}
