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
    /// `ks_ndata`: how many records it has; those beyond are not shown unless it is of variable size.
    public let count: Int
    /// `ks_crtime`.
    public let creationTime: KstatTime

    /// Of one netid there is no set: that is what nearly every kstat has.
    let firstNetid: Int32
    private let severalNetids: Set<Int32>?

    private let wantsLongStrings: Bool
    private let flagBits: Atomic<UInt8>
    private let contents: Mutex<KstatContents>
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
        firstNetid = request.netids.min() ?? 0
        severalNetids = request.netids.count == 1 ? nil : request.netids
        count = request.count
        creationTime = .now
        let state: KstatFlags = data == nil ? .invalid : .dormant
        wantsLongStrings = request.flags.contains(.longStrings)
        flagBits = Atomic(request.flags.union(state).rawValue)
        contents = Mutex(KstatContents(data ?? request.zeroedData))
    }

    /// The netids of the IP instances that see it.
    public var netids: Set<Int32> { severalNetids ?? [firstNetid] }

    /// Whether this IP instance sees it.
    public func isVisible(in netid: Int32) -> Bool {
        severalNetids?.contains(netid) ?? (netid == firstNetid)
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
            return try contents.change(body)
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
            let old = contents.owner
            try contents.begin(owner ?? KstatOwner(), isRevived: flags.contains(.dormant), shape)
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
    /// - Parameter isFinal: whether it goes even if it is persistent.
    /// - Returns: whether the kstat stays, dormant.
    func disown(isFinal: Bool = false) throws(KstatError) -> Bool {
        let (released, stays) = try locked { contents throws(KstatError) -> (KstatOwner, Bool) in
            if contents.isDeleted || isDormantOrGone { throw wasDeleted }
            let wasInstalled = !flags.contains(.invalid)
            let stays = !isFinal && flags.contains(.persistent) && (wasInstalled || flags.contains(.dormant))
            if stays, wasInstalled { try? contents.update(.read, shape) }
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
            try contents.update(.read, shape)
            return (try contents.copy(shape), .now)
        }
    }

    /// Its values for a time when nobody owns it; nil if it has none yet.
    func readForKeeping() -> KstatData? {
        try? locked { contents throws(KstatError) -> KstatData? in
            if flags.isSuperset(of: .dormant) { return contents.data }
            if flags.contains(.invalid) { return nil }
            try? contents.update(.read, shape)
            return contents.data
        }
    }

    /// Writes it (R180).
    func write(_ data: KstatData) throws(KstatError) {
        try locked { contents throws(KstatError) in
            try checkWritable()
            try contents.write(data, shape)
        }
    }

    /// Reads it and writes what is made of that, with nobody in between (R180).
    func rewrite(_ change: (KstatData) throws(KstatError) -> KstatData) throws(KstatError) {
        try locked { contents throws(KstatError) in
            try checkWritable()
            try contents.update(.read, shape)
            try contents.write(try change(try contents.copy(shape)), shape)
        }
    }

    // MARK: - Under the lock

    private var shape: KstatContents.Shape {
        KstatContents.Shape(
            kstat: self, flags: wantsLongStrings ? flags.union(.longStrings) : flags.subtracting(.longStrings))
    }

    private func checkWritable() throws(KstatError) {
        if flags.contains(.invalid) { throw refusal(.noSuchAddressOrDevice, "is not installed") }
        guard flags.contains(.writable) else { throw refusal(.permissionDenied, "is not writable") }
    }

    /// Whether nobody owns it, so that a caller who believes to do so is late.
    private var isDormantOrGone: Bool { flags.contains(.dormant) && !flags.contains(.invalid) }

    private func noteStrings(_ contents: KstatContents) {
        let isLong = contents.data.hasStrings || wantsLongStrings
        if flags.contains(.invalid) || flags.contains(.longStrings) == isLong { return }
        if isLong { change(adding: .longStrings) } else { change(removing: .longStrings) }
    }

    private func change(adding: KstatFlags = [], removing: KstatFlags = []) {
        let changed = flags.subtracting(removing).union(adding)
        flagBits.store(changed.rawValue, ordering: .releasing)
    }

    private var wasDeleted: KstatError { refusal(.noSuchAddressOrDevice, "was deleted") }

    private func refusal(_ errno: Errno, _ reason: String) -> KstatError {
        KstatError(errno, "kstat \(label) \(reason)")
    }

    private func locked<Result>(
        _ body: (inout KstatContents) throws(KstatError) -> Result
    ) throws(KstatError) -> Result {
        let caller = UInt(pthread_self())
        if holder.load(ordering: .relaxed) == caller {
            throw refusal(.deadlock, "is used from inside a function of its owner")
        }
        return try contents.withLock { contents throws(KstatError) -> Result in
            holder.store(caller, ordering: .relaxed)
            defer {
                noteStrings(contents)
                holder.store(0, ordering: .relaxed)
            }
            return try body(&contents)
        }
    }
}
