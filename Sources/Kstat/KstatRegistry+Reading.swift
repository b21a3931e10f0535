// SPDX-License-Identifier: Apache-2.0

/// What kstat(1M) does.
extension KstatRegistry {
    /// Reads all kstats that fit and can be read, sorted by module, instance, name and id.
    ///
    /// The values of each were taken together, at its snapshot time; two kstats may have been read at different times.
    /// A kstat whose own update asks for this is left out of what the update gets, and so is one whose update fails.
    ///
    /// - Parameters:
    ///   - selection: which kstats, and which of their statistics.
    ///   - netid: only those that this IP instance sees; nil for all.
    public func snapshot(_ selection: KstatSelection = .all, visibleIn netid: Int32? = nil) -> [KstatSnapshot] {
        let chosen =
            all
            .filter { kstat in
                netid.map(kstat.isVisible) ?? true && selection.matches(kstat)
            }
            .sorted { ($0.module, $0.instance, $0.name, $0.id) < ($1.module, $1.instance, $1.name, $1.id) }
        return chosen.compactMap { kstat in
            guard let (data, time) = try? kstat.read() else { return nil }
            let fields = data.statistics.filter { selection.matches(statistic: $0.name) }
            if fields.isEmpty, !KstatSnapshot.properties.contains(where: selection.matches(statistic:)) {
                return nil
            }
            return KstatSnapshot(of: kstat, data, fields: fields, at: time)
        }
    }

    /// Reads one kstat (R180).
    ///
    /// - Throws: `ENXIO` if it is not registered here or not installed, `EDEADLK` from inside a function of its owner, and
    ///   what its owner says, `EIO` as a rule.
    public func read(_ kstat: Kstat) throws(KstatError) -> KstatSnapshot {
        try checkRegistered(kstat)
        let (data, time) = try kstat.read()
        return KstatSnapshot(of: kstat, data, at: time)
    }

    /// Writes all data of one kstat (R180).
    ///
    /// - Throws: `EACCES` if it is not WRITABLE or its owner takes nothing; `EINVAL` for data of another type or size, for
    ///   other names or types of fields, and for a STRING without a snapshot function; `ENXIO`, `EDEADLK` and what its
    ///   owner says, as `read` does. Nothing has changed then.
    public func write(_ data: KstatData, to kstat: Kstat) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.write(data)
    }

    /// Reads one kstat, changes some of its statistics and writes it back, with nobody in between.
    ///
    /// - Parameter values: names and values as `KstatData.statistics` shows them.
    /// - Throws: what `write` and `KstatData.setting` throw.
    public func set(_ values: [(statistic: String, text: String)], of kstat: Kstat) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.rewrite { data throws(KstatError) in try data.setting(values) }
    }
}
