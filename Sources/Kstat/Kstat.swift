// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// One kernel-statistics object: kstat(9S).
///
/// Made by `KstatRegistry.create`, unreadable until installed (R176), deleted at last; one that is PERSISTENT becomes
/// DORMANT then, keeps its data and may be created again (R179). May be used from any thread, but not from the packet
/// path.
///
/// Locking: `contents` is the `ks_lock`. It is held while a function of the owner runs, so two readers never run one at
/// once, and once deleting has returned nobody runs one any more. The flags change under it, with one exception: taking
/// a dormant kstat for its new owner is one atomic step, for the registry does it while its own lock is held.
public final class Kstat: Sendable {
    private struct Contents {
        var data: KstatData
        var owner = KstatOwner()
        var isDeleted = false
    }

    /// `ks_kid`: unique in its registry for ever.
    public let id: UInt32
    /// `ks_module`: who made it.
    public let module: String
    /// `ks_instance`: which of several, 0 where that means nothing.
    public let instance: Int32
    /// `ks_name`.
    public let name: String
    /// `ks_class`: what kind of statistics, such as `net`.
    public let `class`: String
    /// `ks_type`.
    public let type: KstatType
    /// The netids of the IP instances that see it.
    public let netids: Set<Int32>
    /// `ks_ndata`: how many records it has; those beyond are not shown unless it is of variable size.
    public let count: Int
    /// `ks_crtime`.
    public let creationTime: KstatTime

    private let flagBits: Atomic<UInt8>
    private let contents: Mutex<Contents>
    /// The thread that holds `contents`; 0 for nobody. Finds calls that would wait for themselves.
    private let holder = Atomic<UInt>(0)

    /// - Parameter data: old values, of a kstat that is dormant from the start; nil for one that awaits its installation.
    init(id: UInt32, request: KstatRequest, data: KstatData? = nil) {
        self.id = id
        module = request.module
        instance = request.instance
        name = request.name
        `class` = request.class
        type = request.type
        netids = request.netids
        count = request.count
        creationTime = .now
        let state: KstatFlags = data == nil ? .invalid : .dormant
        flagBits = Atomic(request.flags.union(state).rawValue)
        contents = Mutex(Contents(data: data ?? request.zeroedData))
    }

    /// `ks_flags`: those it was made with, INVALID until it is installed (R176), DORMANT while nobody owns it (R179), and
    /// LONGSTRINGS while a field is a STRING.
    public var flags: KstatFlags { KstatFlags(rawValue: flagBits.load(ordering: .acquiring)) }

    /// `ks_private`: what the owner left there.
    ///
    /// - Throws: `EDEADLK` from inside a function of its owner.
    public var privateData: (any Sendable)? {
        get throws(KstatError) { try locked { $0.owner.privateData } }
    }

    /// `module:instance:name`, for messages.
    public var label: String { "\(module):\(instance):\(name)" }

    // MARK: - The owner's side

    /// Changes the data, all at one moment for its readers.
    ///
    /// - Throws: `ENXIO` after it was deleted; `EDEADLK` from inside this very function or another of its owner.
    func withData<Result>(
        _ body: (inout KstatData) throws(KstatError) -> Result
    ) throws(KstatError) -> Result {
        try locked { contents throws(KstatError) in
            if contents.isDeleted || isDormantOrGone { throw wasDeleted }
            return try body(&contents.data)
        }
    }

    /// Makes it readable (R178).
    func install(_ owner: KstatOwner?) throws(KstatError) {
        let released = try locked { contents throws(KstatError) -> KstatOwner in
            if contents.isDeleted || isDormantOrGone { throw wasDeleted }
            guard flags.contains(.invalid) else {
                if owner == nil { return KstatOwner() }
                throw refusal(.invalidArgument, "is installed already, with all that its owner gave")
            }
            let owner = owner ?? KstatOwner()
            let isRevived = flags.contains(.dormant)
            let data = try firstData(contents.data, owner, isRevived: isRevived)
            let old = contents.owner
            contents.owner = owner
            contents.data = data
            // What the owner answers changes nothing about the kstat being there, as in the original.
            if isRevived { try? update(&contents, .write) }
            noteStrings(contents.data)
            change(removing: [.invalid, .dormant])
            return old
        }
        // Released here, where no lock is held that its owner might want.
        _ = consume released
    }

    /// Takes a dormant kstat for a new owner, who still has to install it; whether it was to be had.
    func revive() -> Bool {
        let dormant = flags
        guard dormant.isSuperset(of: .dormant), !dormant.contains(.invalid) else { return false }
        return flagBits.compareExchange(
            expected: dormant.rawValue, desired: dormant.union(.invalid).rawValue, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Ends its ownership (R179); nobody is inside a function of the owner afterwards, and all of them are released.
    ///
    /// - Returns: whether the kstat stays, dormant.
    func disown() throws(KstatError) -> Bool {
        let (released, stays) = try locked { contents throws(KstatError) -> (KstatOwner, Bool) in
            if contents.isDeleted || isDormantOrGone { throw wasDeleted }
            let wasInstalled = !flags.contains(.invalid)
            let stays = flags.contains(.persistent) && (wasInstalled || flags.contains(.dormant))
            if stays, wasInstalled { try? update(&contents, .read) }
            let old = contents.owner
            contents.owner = KstatOwner()
            if stays {
                change(adding: .dormant, removing: .invalid)
            } else {
                contents.isDeleted = true
                change(adding: .invalid)
            }
            return (old, stays)
        }
        _ = consume released
        return stays
    }

    // MARK: - The reader's side

    /// Reads it (R180).
    ///
    /// - Throws: `ENXIO` while it can't be read, and what its owner says.
    func read() throws(KstatError) -> (data: KstatData, time: KstatTime) {
        try locked { contents throws(KstatError) in
            guard !flags.contains(.invalid) else { throw refusal(.noSuchAddressOrDevice, "is not installed") }
            try update(&contents, .read)
            return (try copy(&contents), .now)
        }
    }

    /// Its values for a time when nobody owns it; nil if it has none yet.
    func readForKeeping() -> KstatData? {
        try? locked { contents throws(KstatError) -> KstatData? in
            if flags.isSuperset(of: .dormant) { return contents.data }
            if flags.contains(.invalid) { return nil }
            try? update(&contents, .read)
            return contents.data
        }
    }

    /// Writes it (R180).
    ///
    /// - Parameter change: makes new values out of those that a reader would get now; nil if that is not asked for.
    func write(
        _ written: (KstatData) throws(KstatError) -> KstatData, readsFirst: Bool
    ) throws(KstatError) {
        try locked { contents throws(KstatError) in
            if flags.contains(.invalid) { throw refusal(.noSuchAddressOrDevice, "is not installed") }
            guard flags.contains(.writable) else { throw refusal(.permissionDenied, "is not writable") }
            if readsFirst { try update(&contents, .read) }
            var copy = try written(readsFirst ? try self.copy(&contents) : contents.data)
            try checkWritten(copy, over: contents)
            let old = contents.data
            do throws(KstatError) {
                if let snapshot = contents.owner.snapshot {
                    try snapshot(&contents.data, &copy, .write)
                    try checkShape(contents.data)
                } else {
                    contents.data = copy
                }
                try update(&contents, .write)
            } catch {
                contents.data = old
                throw error
            }
        }
    }

    // MARK: - Under the lock

    /// Runs `ks_update`, if there is one; the data stay as they were when it fails.
    private func update(_ contents: inout Contents, _ access: KstatAccess) throws(KstatError) {
        guard let update = contents.owner.update else { return }
        var data = contents.data
        try update(&data, access)
        try checkShape(data)
        contents.data = flags.contains(.variableSize) ? data : data.prefix(count)
        noteStrings(data)
    }

    /// Runs `ks_snapshot`, or makes a copy.
    private func copy(_ contents: inout Contents) throws(KstatError) -> KstatData {
        guard let snapshot = contents.owner.snapshot else { return contents.data.accumulated(to: .now) }
        var copy = contents.data
        try snapshot(&contents.data, &copy, .read)
        try checkShape(contents.data)
        try checkShape(copy)
        return copy
    }

    private func firstData(
        _ present: KstatData, _ owner: KstatOwner, isRevived: Bool
    ) throws(KstatError) -> KstatData {
        let isVirtual = flags.contains(.virtual)
        if isVirtual, owner.data == nil, owner.update == nil {
            throw refusal(.invalidArgument, "is virtual: its owner has to give the data or an update")
        }
        var data = owner.data ?? present
        guard data.type == type, data.count == count || isVirtual else {
            throw refusal(.invalidArgument, "was created for \(count) records of type \(type)")
        }
        if isRevived { data = data.keepingValues(of: present) }
        if data.hasStrings || flags.contains(.longStrings) {
            guard isVirtual else {
                throw refusal(.invalidArgument, "has a field of type STRING, which only a virtual kstat may")
            }
            if flags.contains(.writable), owner.snapshot == nil { throw unwritableStrings }
        }
        return isVirtual && !flags.contains(.variableSize) ? data.prefix(count) : data
    }

    private func checkShape(_ data: KstatData) throws(KstatError) {
        if data.type != type { throw refusal(.ioError, "its owner gave data of another type") }
        if !flags.contains(.virtual), data.count != count || data.hasStrings {
            throw refusal(.ioError, "its owner changed the number of records or made one a STRING")
        }
    }

    private func checkWritten(_ copy: KstatData, over contents: Contents) throws(KstatError) {
        let hasRoom = flags.contains(.virtual) ? copy.count <= count : copy.count == count
        guard copy.type == type, hasRoom || flags.contains(.variableSize) else {
            throw refusal(.invalidArgument, "is not of the type and size of what was to be written")
        }
        if contents.owner.snapshot == nil, copy.hasStrings { throw unwritableStrings }
        guard case .named(let fields) = copy, case .named(let present) = contents.data,
            !flags.contains(.variableSize)
        else { return }
        for (field, old) in zip(fields, present)
        where field.name != old.name || field.value.dataType != old.value.dataType {
            throw refusal(.invalidArgument, "has a field \(old.name), which can't become another one by writing")
        }
    }

    /// Whether nobody owns it, so that a caller who believes to do so is late.
    private var isDormantOrGone: Bool { flags.contains(.dormant) && !flags.contains(.invalid) }

    private func noteStrings(_ data: KstatData) {
        if data.hasStrings { change(adding: .longStrings) }
    }

    private func change(adding: KstatFlags = [], removing: KstatFlags = []) {
        let changed = flags.subtracting(removing).union(adding)
        flagBits.store(changed.rawValue, ordering: .releasing)
    }

    private var unwritableStrings: KstatError {
        refusal(.invalidArgument, "has a STRING, which only a snapshot function of the owner can take")
    }

    private var wasDeleted: KstatError { refusal(.noSuchAddressOrDevice, "was deleted") }

    private func refusal(_ errno: Errno, _ reason: String) -> KstatError {
        KstatError(errno, "kstat \(label) \(reason)")
    }

    private func locked<Result>(
        _ body: (inout Contents) throws(KstatError) -> Result
    ) throws(KstatError) -> Result {
        let caller = UInt(pthread_self())
        if holder.load(ordering: .relaxed) == caller {
            throw refusal(.deadlock, "is used from inside a function of its owner")
        }
        return try contents.withLock { contents throws(KstatError) -> Result in
            holder.store(caller, ordering: .relaxed)
            defer { holder.store(0, ordering: .relaxed) }
            return try body(&contents)
        }
    }
}
