// SPDX-License-Identifier: Apache-2.0

import SystemPackage

// How the owner changes the data in place: `ks_data`, with `ks_lock` held. Each of these throws `EINVAL` for a kstat of
// another type, `ENXIO` after it was deleted, and `EDEADLK` from inside a function of the kstat's owner.
extension Kstat {
    /// The fields of a NAMED kstat.
    public func withFields(_ body: (inout MutableSpan<NamedValue>) -> Void) throws(KstatError) {
        try withData { data throws(KstatError) in
            guard case .named(var fields) = data else { throw isOfAnotherType }
            data = .named([])
            var span = fields.mutableSpan
            body(&span)
            data = .named(fields)
        }
    }

    /// The bytes of a RAW kstat.
    public func withBytes(_ body: (inout MutableSpan<UInt8>) -> Void) throws(KstatError) {
        try withData { data throws(KstatError) in
            guard case .raw(var bytes) = data else { throw isOfAnotherType }
            data = .raw([])
            var span = bytes.mutableSpan
            body(&span)
            data = .raw(bytes)
        }
    }

    /// The counters of an INTR kstat.
    public func withInterrupts(_ body: (inout KstatInterrupts) -> Void) throws(KstatError) {
        try withData { data throws(KstatError) in
            guard case .interrupts(var interrupts) = data else { throw isOfAnotherType }
            body(&interrupts)
            data = .interrupts(interrupts)
        }
    }

    /// The figures of an IO kstat, for `KstatIO.enterWaitQueue` and its relatives (R183).
    ///
    /// When `body` throws, nothing has changed.
    public func withIO(_ body: (inout KstatIO) throws(KstatError) -> Void) throws(KstatError) {
        try withData { data throws(KstatError) in
            guard case .io(var io) = data else { throw isOfAnotherType }
            try body(&io)
            data = .io(io)
        }
    }

    /// The timers of a TIMER kstat.
    public func withTimers(_ body: (inout MutableSpan<KstatTimer>) -> Void) throws(KstatError) {
        try withData { data throws(KstatError) in
            guard case .timers(var timers) = data else { throw isOfAnotherType }
            data = .timers([])
            var span = timers.mutableSpan
            body(&span)
            data = .timers(timers)
        }
    }

    private var isOfAnotherType: KstatError {
        KstatError(.invalidArgument, "kstat \(label) is of type \(type)")
    }
}
