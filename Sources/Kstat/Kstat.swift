// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// One kernel-statistics object: kstat(9S), of type NAMED.
///
/// Made by `KstatRegistry.create`, unreadable until installed (R176). Reading calls the owner's update, with the
/// kstat's lock held as `ks_lock` would be (R180): two readers never run it at once, and once `delete` has returned
/// nobody runs it any more. May be used from any thread, but not from the packet path.
public final class Kstat: Sendable {
    /// Gives the present values of a virtual kstat. Called by readers, on their thread.
    ///
    /// It may take locks, but none that is held while kstats are read, created or deleted; it must not make threads
    /// that carry packets wait.
    public typealias Update = @Sendable () -> [NamedValue]

    private enum Data {
        /// Virtual, not yet installed.
        case absent
        /// Not virtual.
        case stored([NamedValue])
        /// Virtual and installed.
        case virtual(Update)
        /// Deleted.
        case closed
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
    /// `ks_ndata`: how many fields it has; those beyond are not shown unless it is of variable size.
    public let fieldCount: Int
    /// `ks_crtime`.
    public let creationTime: KstatTime

    private let requestedFlags: KstatFlags
    private let isInstalled = Atomic<Bool>(false)
    private let data: Mutex<Data>
    /// The thread that holds `data`; 0 for nobody. Finds calls that would wait for themselves.
    private let holder = Atomic<UInt>(0)

    init(id: UInt32, request: KstatRequest) {
        self.id = id
        module = request.module
        instance = request.instance
        name = request.name
        `class` = request.class
        type = request.type
        netids = request.netids
        fieldCount = request.fieldCount
        requestedFlags = request.flags
        creationTime = .now
        let isVirtual = request.flags.contains(.virtual)
        let blank = isVirtual ? [] : Array(repeating: NamedValue("", .char("")), count: request.fieldCount)
        data = Mutex(isVirtual ? .absent : .stored(blank))
    }

    /// `ks_flags`: those it was made with, and INVALID until it is installed (R176).
    public var flags: KstatFlags {
        isInstalled.load(ordering: .acquiring) ? requestedFlags : requestedFlags.union(.invalid)
    }

    /// Changes the fields of a kstat that is not virtual, all at one moment for its readers.
    ///
    /// - Throws: `EINVAL` for a virtual kstat, whose owner holds the fields; `ENXIO` after it was deleted; `EDEADLK`
    ///   from inside this very function.
    public func withFields(_ body: (inout MutableSpan<NamedValue>) -> Void) throws(KstatError) {
        if requestedFlags.contains(.virtual) {
            throw KstatError(.invalidArgument, "kstat \(label) is virtual: its fields are its owner's")
        }
        try locked { data throws(KstatError) in
            guard case .stored(var fields) = data else { throw wasDeleted }
            // Given up here and put back below, so that the fields are changed in place and not copied.
            data = .absent
            var span = fields.mutableSpan
            body(&span)
            data = .stored(fields)
        }
    }

    /// Makes it readable (R178).
    func install(_ update: Update?) throws(KstatError) {
        try locked { data throws(KstatError) in
            switch (data, update) {
            case (.stored(let fields), nil):
                if let field = fields.first(where: \.value.isString) {
                    throw KstatError(.invalidArgument, "kstat \(label): field \(field.name) needs a virtual kstat")
                }
            case (.absent, .some(let update)):
                data = .virtual(update)
            case (.virtual, nil):
                break
            case (.closed, _):
                throw wasDeleted
            default:
                throw KstatError(
                    .invalidArgument, "kstat \(label): an update is for virtual kstats, given once and always")
            }
            isInstalled.store(true, ordering: .releasing)
        }
    }

    /// Makes it unreadable for good and releases the update; nobody is inside it afterwards (R179).
    func close() throws(KstatError) {
        let released = try locked { data throws(KstatError) -> Data in
            if case .closed = data { throw wasDeleted }
            let old = data
            data = .closed
            isInstalled.store(false, ordering: .releasing)
            return old
        }
        // Released here, where no lock is held that its owner might want.
        _ = consume released
    }

    /// Reads it (R180), or nothing while it is not installed.
    func read() throws(KstatError) -> (fields: [NamedValue], time: KstatTime)? {
        try locked { data in
            guard isInstalled.load(ordering: .relaxed) else { return nil }
            let fields: [NamedValue]
            switch data {
            case .absent, .closed: return nil
            case .stored(let stored): fields = stored
            case .virtual(let update): fields = update()
            }
            let shown = requestedFlags.contains(.variableSize) ? fields : Array(fields.prefix(fieldCount))
            return (shown, .now)
        }
    }

    private var wasDeleted: KstatError { KstatError(.noSuchAddressOrDevice, "kstat \(label) was deleted") }

    /// `module:instance:name`, for messages.
    var label: String { "\(module):\(instance):\(name)" }

    private func locked<Result>(
        _ body: (inout Data) throws(KstatError) -> Result
    ) throws(KstatError) -> Result {
        let caller = UInt(pthread_self())
        if holder.load(ordering: .relaxed) == caller {
            throw KstatError(.deadlock, "kstat \(label): used from inside its own update")
        }
        return try data.withLock { data throws(KstatError) -> Result in
            holder.store(caller, ordering: .relaxed)
            defer { holder.store(0, ordering: .relaxed) }
            return try body(&data)
        }
    }
}
