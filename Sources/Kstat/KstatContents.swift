// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What a kstat's lock guards: its data, and its owner's functions. Knows nothing of who may call when.
struct KstatContents {
    /// What stays the same for ever: how the data must look. Not kept here, for there are many kstats.
    struct Shape {
        let kstat: Kstat
        let flags: KstatFlags
        fileprivate var type: KstatType { kstat.type }
        fileprivate var count: Int { kstat.count }

        fileprivate var isVirtual: Bool { flags.contains(.virtual) }
        fileprivate var isVariable: Bool { flags.contains(.variableSize) }

        fileprivate var unwritableStrings: KstatError {
            refusal(.invalidArgument, "has a STRING, which only a snapshot function of the owner can take")
        }

        func refusal(_ errno: Errno, _ reason: String) -> KstatError {
            KstatError(errno, "kstat \(kstat.label) \(reason)")
        }
    }

    private(set) var data: KstatData
    var owner = KstatOwner()
    var isDeleted = false

    init(_ data: KstatData) {
        self.data = data
    }

    /// Lets an owner change the data, as it may.
    mutating func change<Result>(
        _ body: (inout KstatData) throws(KstatError) -> Result
    ) throws(KstatError) -> Result {
        try body(&data)
    }

    /// Takes an owner on with the data of the beginning, or, where the kstat was dormant, with the old values (R178).
    ///
    /// - Throws: `EINVAL` for what an owner may not give; nothing has changed then.
    mutating func begin(_ owner: KstatOwner, isRevived: Bool, _ shape: Shape) throws(KstatError) {
        if shape.isVirtual, owner.data == nil, owner.update == nil {
            throw shape.refusal(.invalidArgument, "is virtual: its owner has to give the data or an update")
        }
        var first = owner.data ?? data
        guard first.type == shape.type, first.count == shape.count || shape.isVirtual else {
            throw shape.refusal(.invalidArgument, "was created for \(shape.count) records of type \(shape.type)")
        }
        if isRevived { first = first.keepingValues(of: data) }
        if first.hasStrings || shape.flags.contains(.longStrings) {
            guard shape.isVirtual else {
                throw shape.refusal(.invalidArgument, "has a field of type STRING, which only a virtual kstat may")
            }
            if shape.flags.contains(.writable), owner.snapshot == nil { throw shape.unwritableStrings }
        }
        self.owner = owner
        data = shape.isVariable ? first : first.prefix(shape.count)
        // What the owner answers changes nothing about the kstat being there, as in the original.
        if isRevived { try? update(.write, shape) }
    }

    /// Runs `ks_update`, if there is one; the data stay as they were when it fails.
    mutating func update(_ access: KstatAccess, _ shape: Shape) throws(KstatError) {
        guard let update = owner.update else { return }
        var updated = data
        try update(&updated, access)
        try check(updated, shape)
        data = shape.isVariable ? updated : updated.prefix(shape.count)
    }

    /// Runs `ks_snapshot`, or makes a copy (R181).
    mutating func copy(_ shape: Shape) throws(KstatError) -> KstatData {
        guard let snapshot = owner.snapshot else { return data.accumulated(to: .now) }
        var copy = data
        try snapshot(&data, &copy, .read)
        try check(data, shape)
        try check(copy, shape)
        return copy
    }

    /// Takes over what somebody wrote (R180); nothing has changed when that fails.
    mutating func write(_ written: KstatData, _ shape: Shape) throws(KstatError) {
        try checkWritten(written, shape)
        let old = data
        do throws(KstatError) {
            if let snapshot = owner.snapshot {
                var copy = written
                try snapshot(&data, &copy, .write)
                try check(data, shape)
            } else {
                data = written
            }
            try update(.write, shape)
        } catch {
            data = old
            throw error
        }
    }

    private func check(_ data: KstatData, _ shape: Shape) throws(KstatError) {
        if data.type != shape.type { throw shape.refusal(.ioError, "got data of another type from its owner") }
        if !shape.isVirtual, data.count != shape.count || data.hasStrings {
            throw shape.refusal(.ioError, "got another number of records, or a STRING, from its owner")
        }
    }

    private func checkWritten(_ written: KstatData, _ shape: Shape) throws(KstatError) {
        let hasRoom = shape.isVirtual ? written.count <= shape.count : written.count == shape.count
        guard written.type == shape.type, hasRoom || shape.isVariable else {
            throw shape.refusal(.invalidArgument, "is not of the type and size of what was to be written")
        }
        if owner.snapshot == nil, written.hasStrings { throw shape.unwritableStrings }
        guard case .named(let fields) = written, case .named(let present) = data, !shape.isVariable else { return }
        for (field, old) in zip(fields, present)
        where field.name != old.name || field.value.dataType != old.value.dataType {
            throw shape.refusal(
                .invalidArgument, "has a field \(old.name), which can't become another one by writing")
        }
    }
}
