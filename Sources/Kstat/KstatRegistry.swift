// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// All kstats of a daemon: kstat_create(9F), net_kstat_create(9F) and their relatives, and what kstat(1M) reads.
///
/// May be used from any thread, also from inside updates. Locking: the registry's lock covers the list alone and is
/// held for moments; each kstat has its own, under which its update runs. Neither is ever held while waiting for the
/// other, so a slow update delays readers of that kstat and nobody else. Nothing here is for the packet path.
public final class KstatRegistry: Sendable {
    private struct State {
        var kstats: [Kstat] = []
        var lastID: UInt32 = 0
    }

    /// How many kstats there can be at a time.
    public let limit: Int

    private let state = Mutex(State())

    /// Makes a registry without kstats.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Creates a kstat, unreadable until `install` (R176).
    ///
    /// Names longer than 30 bytes are cut silently, so two that agree in their first 30 collide (R174, R188).
    ///
    /// - Parameters:
    ///   - module: who makes it.
    ///   - instance: which of several; 0 where that means nothing.
    ///   - name: nil for the module followed by the instance (R175).
    ///   - class: what kind of statistics, such as `net`.
    ///   - type: NAMED.
    ///   - fieldCount: `ndata`, how many fields it has.
    ///   - flags: VIRTUAL, for an owner that gives the values when asked, and VAR_SIZE with it.
    ///   - netids: the IP instances that see it; one name may exist once in each (R171).
    /// - Throws: `EINVAL` for an unknown type, a negative count, PERSISTENT with VIRTUAL, VAR_SIZE without it, DORMANT or
    ///   INVALID, no netid at all; `ENOTSUP` for other types and flags; `EEXIST` if the name is taken where it would be
    ///   seen; `ENOMEM` at the limit.
    public func create(
        module: String, instance: Int32 = 0, name: String? = nil, class: String, type: KstatType = .named,
        fieldCount: Int, flags: KstatFlags = [], netids: Set<Int32>
    ) throws(KstatError) -> Kstat {
        let request = try KstatRequest(
            module: module, instance: instance, name: name, class: `class`, type: type, fieldCount: fieldCount,
            flags: flags, netids: netids)
        return try state.withLock { state throws(KstatError) -> Kstat in
            if state.kstats.contains(where: request.collides) {
                throw request.refusal(.fileExists, "exists already")
            }
            if state.kstats.count >= limit {
                throw request.refusal(.noMemory, "the limit of \(limit) kstats is reached")
            }
            state.lastID += 1
            let kstat = Kstat(id: state.lastID, request: request)
            state.kstats.append(kstat)
            return kstat
        }
    }

    /// Makes a kstat readable (R178).
    ///
    /// - Parameter update: the source of a virtual kstat's values; nil for one that is not virtual.
    /// - Throws: `ENXIO` if it is not registered here; `EINVAL` for an update where none belongs, none where one does,
    ///   or a string field in a kstat that is not virtual; `EDEADLK` from inside its own update.
    public func install(_ kstat: Kstat, update: Kstat.Update? = nil) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.install(update)
    }

    /// Takes a kstat away (R179).
    ///
    /// When this returns, its update runs nowhere, never will again, and has been released.
    ///
    /// - Throws: `ENXIO` if it is not registered here; `EDEADLK` from inside its own update. Nothing has changed then.
    public func delete(_ kstat: Kstat) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.close()
        state.withLock { $0.kstats.removeAll { $0 === kstat } }
    }

    /// Reads all installed kstats that fit, sorted by module, instance, name and id.
    ///
    /// The values of each were taken together, at its snapshot time; two kstats may have been read at different times.
    /// A kstat whose own update asks for this is left out of what the update gets.
    ///
    /// - Parameters:
    ///   - selection: which kstats, and which of their fields.
    ///   - netid: only those that this IP instance sees; nil for all.
    public func snapshot(_ selection: KstatSelection = .all, visibleIn netid: Int32? = nil) -> [KstatSnapshot] {
        let chosen = state.withLock { $0.kstats }
            .filter { kstat in
                netid.map(kstat.netids.contains) ?? true && selection.matches(kstat)
            }
            .sorted { ($0.module, $0.instance, $0.name, $0.id) < ($1.module, $1.instance, $1.name, $1.id) }
        return chosen.compactMap { kstat in
            guard let reading = try? kstat.read() else { return nil }
            let fields = reading.fields.filter { selection.matches(statistic: $0.name) }
            if fields.isEmpty, !KstatSnapshot.properties.contains(where: selection.matches(statistic:)) {
                return nil
            }
            return KstatSnapshot(of: kstat, fields: fields, at: reading.time)
        }
    }

    private func checkRegistered(_ kstat: Kstat) throws(KstatError) {
        if !state.withLock({ $0.kstats.contains { $0 === kstat } }) {
            throw KstatError(.noSuchAddressOrDevice, "kstat \(kstat.label) is not registered")
        }
    }
}
