// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Values that outlive the process.
extension KstatRegistry {
    /// The values of all PERSISTENT kstats that have any, for safekeeping, sorted by id; those that have an owner are
    /// brought up to date first.
    public func persistentValues() -> [KstatSnapshot] {
        all.filter { $0.flags.contains(.persistent) }
            .sorted { $0.id < $1.id }
            .compactMap { kstat in kstat.readForKeeping().map { KstatSnapshot(of: kstat, $0, at: .now) } }
    }

    /// Adds a dormant kstat with values from an earlier process, to be created by its owner or only read.
    ///
    /// - Parameters: as for `create`; PERSISTENT is understood.
    /// - Throws: as `create` does, and `EEXIST` for a dormant one as well.
    @discardableResult
    public func restore(
        module: String, instance: Int32, name: String, class: String, flags: KstatFlags, netids: Set<Int32>,
        data: KstatData
    ) throws(KstatError) -> Kstat {
        let request = try KstatRequest(
            module: module, instance: instance, name: name, class: `class`, type: data.type, count: data.count,
            flags: flags.union(.persistent), netids: netids)
        if data.hasStrings { throw request.refusal(.invalidArgument, "data that persist hold no STRING") }
        return try add(request, data: data)
    }

    /// Takes away a kstat that is dormant, for good, so that nothing grows with IP instances that come and go; its values
    /// can come back by `restore`.
    ///
    /// - Returns: its values; nil if it has an owner again, and is left alone, or is gone.
    public func evict(_ kstat: Kstat) -> KstatSnapshot? {
        guard kstat.revive() else { return nil }
        defer { remove(kstat) }
        let snapshot = kstat.readForKeeping().map { KstatSnapshot(of: kstat, $0, at: .now) }
        _ = try? kstat.disown(isFinal: true)
        return snapshot
    }

    /// The kstats that nobody owns and only this IP instance sees.
    public func dormantKstats(ofOnly netid: Int32) -> [Kstat] {
        all.filter { $0.flags.contains(.dormant) && $0.isVisible(in: netid) && $0.netids.count == 1 }.sorted {
            $0.id < $1.id
        }
    }
}
