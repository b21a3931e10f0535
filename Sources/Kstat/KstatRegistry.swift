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
        /// Each under its name in each IP instance that sees it.
        var names: [KstatKey: Kstat] = [:]
        var count = 0
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
        if try !kstat.disown() { remove(kstat) }
    }

    func remove(_ kstat: Kstat) {
        state.withLock { state in
            state.count -= 1
            for key in kstat.keys { state.names[key] = nil }
            state.chainID &+= 1
        }
    }

    func add(_ request: KstatRequest, data: KstatData? = nil) throws(KstatError) -> Kstat {
        try state.withLock { state throws(KstatError) -> Kstat in
            let keys = request.keys
            if let known = state.known(keys) {
                guard data == nil, known.isDormant else { throw request.refusal(.fileExists, "exists already") }
                if let difference = request.difference(from: known) { throw request.refusal(.fileExists, difference) }
                guard known.revive() else { throw request.refusal(.fileExists, "exists already") }
                return known
            }
            if state.count >= limit {
                throw request.refusal(.noMemory, "the limit of \(limit) kstats is reached")
            }
            state.chainID &+= 1
            let kstat = Kstat(id: state.chainID, request: request, data: data)
            state.count += 1
            for key in keys { state.names[key] = kstat }
            return kstat
        }
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

    func checkRegistered(_ kstat: Kstat) throws(KstatError) {
        if state.withLock({ $0.names[kstat.firstKey] !== kstat }) {
            throw KstatError(.noSuchAddressOrDevice, "kstat \(kstat.label) is not registered")
        }
    }

    var all: [Kstat] {
        state.withLock { $0.names.compactMap { key, kstat in key.netid == kstat.firstNetid ? kstat : nil } }
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

    fileprivate var firstKey: KstatKey {
        KstatKey(netid: firstNetid, module: module, instance: instance, name: name)
    }

    fileprivate var isDormant: Bool { flags.contains(.dormant) }
}

extension KstatRequest {
    fileprivate var keys: [KstatKey] {
        netids.map { KstatKey(netid: $0, module: module, instance: instance, name: name) }
    }
}
