// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// All kstats of a daemon: kstat_create(9F), net_kstat_create(9F) and their relatives.
///
/// May be used from any thread, also from inside functions of owners. Locking: the registry's lock covers the list alone
/// and is held for moments; each kstat has its own, under which its owner's functions run. Neither is ever held while
/// waiting for the other, so a slow update delays readers of that kstat and nobody else. Nothing here is for the packet
/// path.
public final class KstatRegistry: Sendable {
    private struct State {
        var kstats: [UInt32: Kstat] = [:]
        /// Under each name in each IP instance that sees it.
        var names: [KstatKey: Kstat] = [:]
        var chainID: UInt32 = 0

        func known(_ keys: [KstatKey]) -> Kstat? {
            for key in keys {
                if let kstat = names[key] { return kstat }
            }
            return nil
        }
    }

    /// How many kstats there can be at a time.
    public let limit: Int

    private let state = Mutex(State())

    /// Makes a registry without kstats.
    public init(limit: Int) {
        self.limit = limit
    }

    /// `kstat_chain_id`: another number whenever a kstat has come or gone (R179).
    public var chainID: UInt32 { state.withLock { $0.chainID } }

    /// Creates a kstat, unreadable until `install` (R174 to R176); `kstat_create`.
    ///
    /// A dormant one of that name, class, type and number of records comes back with its old values and with the flags
    /// that it had, as the same object (R174, R178). Names longer than 30 bytes are cut silently, so two that agree in
    /// their first 30 collide (R174, R188).
    ///
    /// - Parameters:
    ///   - module: who makes it.
    ///   - instance: which of several; 0 where that means nothing.
    ///   - name: nil for the module followed by the instance (R175).
    ///   - class: what kind of statistics, such as `net`.
    ///   - type: what kind of data.
    ///   - count: `ndata`: bytes of RAW, fields of NAMED, timers of TIMER; 1 for INTR and IO.
    ///   - flags: VIRTUAL, for an owner that gives the data; VAR_SIZE with it, for data that grow and shrink; LONGSTRINGS
    ///     with it, for fields of type STRING; WRITABLE; PERSISTENT, for data that outlive the owner.
    ///   - netids: the IP instances that see it; one name may exist once in each (R171).
    /// - Throws: `EINVAL` for an unknown type or flag, a count that its type doesn't have, PERSISTENT with VIRTUAL, VAR_SIZE
    ///   or LONGSTRINGS without it, DORMANT or INVALID, no netid at all; `EEXIST` if the name is taken where it would be
    ///   seen; `ENOMEM` at the limit.
    public func create(
        module: String, instance: Int32 = 0, name: String? = nil, class: String, type: KstatType = .named,
        count: Int, flags: KstatFlags = [], netids: Set<Int32>
    ) throws(KstatError) -> Kstat {
        try add(
            try KstatRequest(
                module: module, instance: instance, name: name, class: `class`, type: type, count: count,
                flags: flags, netids: netids))
    }

    /// Makes a kstat readable (R178); `kstat_install`.
    ///
    /// One that was dormant has its update called for `write`, so that the owner can load the old values.
    ///
    /// - Parameter owner: data and functions of the owner; nil where zeros and a plain copy will do.
    /// - Throws: `ENXIO` if it is not registered here; `EINVAL` for data of another type or size, a virtual kstat with neither
    ///   data nor update, a STRING in one that is not virtual or that is writable without a snapshot function, and for a
    ///   second owner; `EDEADLK` from inside a function of its owner.
    public func install(_ kstat: Kstat, owner: KstatOwner? = nil) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.install(owner)
    }

    /// Makes a virtual NAMED kstat readable whose fields are asked for at each reading.
    public func install(_ kstat: Kstat, fields: @escaping @Sendable () -> [NamedValue]) throws(KstatError) {
        try install(kstat, owner: KstatOwner(fields: fields))
    }

    /// Takes a kstat away, or lets one that is PERSISTENT sleep, its values brought up to date once more (R179);
    /// `kstat_delete`.
    ///
    /// When this returns, no function of the owner runs, none ever will again, and they have been released. A persistent
    /// kstat that was never installed has no values to keep and goes like any other.
    ///
    /// - Throws: `ENXIO` if it is not registered here or has no owner; `EDEADLK` from inside a function of its owner, which
    ///   in the original would have `ks_lock`. Nothing has changed then.
    public func delete(_ kstat: Kstat) throws(KstatError) {
        try checkRegistered(kstat)
        if try kstat.disown() { return }
        state.withLock { state in
            state.kstats[kstat.id] = nil
            for key in kstat.keys { state.names[key] = nil }
            state.chainID &+= 1
        }
    }

    private func add(_ request: KstatRequest, data: KstatData? = nil) throws(KstatError) -> Kstat {
        try state.withLock { state throws(KstatError) -> Kstat in
            let keys = request.keys
            if let known = state.known(keys) {
                guard data == nil, known.isDormant else { throw request.refusal(.fileExists, "exists already") }
                if let difference = request.difference(from: known) { throw request.refusal(.fileExists, difference) }
                guard known.revive() else { throw request.refusal(.fileExists, "exists already") }
                return known
            }
            if state.kstats.count >= limit {
                throw request.refusal(.noMemory, "the limit of \(limit) kstats is reached")
            }
            state.chainID &+= 1
            let kstat = Kstat(id: state.chainID, request: request, data: data)
            state.kstats[kstat.id] = kstat
            for key in keys { state.names[key] = kstat }
            return kstat
        }
    }

    fileprivate func checkRegistered(_ kstat: Kstat) throws(KstatError) {
        if state.withLock({ $0.kstats[kstat.id] !== kstat }) {
            throw KstatError(.noSuchAddressOrDevice, "kstat \(kstat.label) is not registered")
        }
    }

    fileprivate var all: [Kstat] { state.withLock { Array($0.kstats.values) } }
}

// MARK: - Reading and writing

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
                netid.map(kstat.netids.contains) ?? true && selection.matches(kstat)
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
        try kstat.write({ _ in data }, readsFirst: false)
    }

    /// Reads one kstat, changes some of its statistics and writes it back, with nobody in between.
    ///
    /// - Parameter values: names and values as `KstatData.statistics` shows them.
    /// - Throws: what `write` and `KstatData.setting` throw.
    public func set(_ values: [(statistic: String, text: String)], of kstat: Kstat) throws(KstatError) {
        try checkRegistered(kstat)
        try kstat.write({ data throws(KstatError) in try data.setting(values) }, readsFirst: true)
    }

    /// The kstats of exactly that name, installed or not, in the order of their ids (`kstat_hold_byname`).
    ///
    /// - Parameter netid: only that which this IP instance sees; nil for all.
    public func kstats(module: String, instance: Int32, name: String, visibleIn netid: Int32? = nil) -> [Kstat] {
        if let netid {
            let key = KstatKey(netid: netid, module: module, instance: instance, name: name)
            return state.withLock { $0.names[key] }.map { [$0] } ?? []
        }
        return
            all
            .filter { $0.module == module && $0.instance == instance && $0.name == name }
            .sorted { $0.id < $1.id }
    }
}

// MARK: - Values that outlive the process

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
}

/// A name as one IP instance sees it.
struct KstatKey: Hashable {
    let netid: Int32
    let module: String
    let instance: Int32
    let name: String
}

extension Kstat {
    fileprivate var keys: [KstatKey] {
        netids.map { KstatKey(netid: $0, module: module, instance: instance, name: name) }
    }

    fileprivate var isDormant: Bool { flags.contains(.dormant) }
}

extension KstatRequest {
    fileprivate var keys: [KstatKey] {
        netids.map { KstatKey(netid: $0, module: module, instance: instance, name: name) }
    }
}
