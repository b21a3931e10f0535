// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Why an owner's function is called: `rw` of ks_update(9E).
public enum KstatAccess: Sendable, Equatable {
    /// `KSTAT_READ`: somebody is about to read.
    case read
    /// `KSTAT_WRITE`: somebody has written, or old values of a persistent kstat are back.
    case write
}

/// What the owner of a kstat adds between creating and installing it (R177).
///
/// There is no `ks_lock` to give: each kstat has one of its own, which is held while a function of the owner runs and
/// within `Kstat.withFields` and its relatives. These functions may take locks, but none that is held while kstats are
/// read, created or deleted, and they must not make threads that carry packets wait.
public struct KstatOwner: Sendable {
    /// `ks_update`: for `read` brings the data up to date, for `write` takes over what they say now.
    ///
    /// It throws `EACCES` where writing is not supported and `EIO` where something failed (R180); then the data stay as
    /// they were.
    public typealias Update = @Sendable (_ data: inout KstatData, _ access: KstatAccess) throws(KstatError) -> Void

    /// `ks_snapshot`: for `read` makes the copy that a reader gets, for `write` takes what was written into the data.
    public typealias Snapshot =
        @Sendable (_ data: inout KstatData, _ copy: inout KstatData, _ access: KstatAccess) throws(KstatError) -> Void

    /// `ks_data`: what it holds at first. Of a persistent kstat that was there before, only the shape of this counts:
    /// its old values stay where type and, of fields, name are the same. Nil leaves what is there: zeros, or what
    /// `Kstat.withFields` and its relatives put there.
    public var data: KstatData?
    /// Nil for data that the owner keeps up to date by itself.
    public var update: Update?
    /// Nil for a plain copy; queue times of IO go up to the moment of reading (R181).
    public var snapshot: Snapshot?
    /// `ks_private`: whatever the owner wants to find there.
    public var privateData: (any Sendable)?

    /// Puts it together.
    public init(
        data: KstatData? = nil, update: Update? = nil, snapshot: Snapshot? = nil, privateData: (any Sendable)? = nil
    ) {
        self.data = data
        self.update = update
        self.snapshot = snapshot
        self.privateData = privateData
    }

    /// The owner of a NAMED kstat that only gives its present fields when asked; writing is `EACCES`.
    public init(privateData: (any Sendable)? = nil, fields: @escaping @Sendable () -> [NamedValue]) {
        self.init(
            update: { data, access throws(KstatError) in
                if access == .write { throw KstatError(.permissionDenied, "the values come from elsewhere") }
                data = .named(fields())
            }, privateData: privateData)
    }
}
