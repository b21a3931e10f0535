// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Data of a kstat of type IO: kstat_io(9S).
///
/// Two queues, of what waits and of what runs. Each keeps how long it was not empty (*time*) and the sum over time of
/// its length (*length time*), so that a reader gets utilisation and mean length out of the difference of two readings.
public struct KstatIO: Sendable, Equatable {
    /// One of the two queues.
    public struct Queue: Sendable, Equatable {
        /// `wtime`, `rtime`: nanoseconds during which it held something.
        public var time: Int64 = 0
        /// `wlentime`, `rlentime`: nanoseconds times length.
        public var lengthTime: Int64 = 0
        /// `wlastupdate`, `rlastupdate`: when its length last changed.
        public var lastUpdate = KstatTime(nanoseconds: 0)
        /// `wcnt`, `rcnt`: how many are in it.
        public var count: UInt32 = 0

        /// Empty, and never used.
        public init() {}

        mutating func accumulate(to now: KstatTime) {
            let span = now.nanoseconds &- lastUpdate.nanoseconds
            lastUpdate = now
            if count == 0 { return }
            time &+= span
            lengthTime &+= span &* Int64(count)
        }

        mutating func enter(_ now: KstatTime) {
            accumulate(to: now)
            count &+= 1
        }

        mutating func exit(_ now: KstatTime) throws(KstatError) {
            if count == 0 { throw KstatError(.invalidArgument, "nothing is in the queue that should leave it") }
            accumulate(to: now)
            count -= 1
        }
    }

    /// `nread`, in bytes.
    public var bytesRead: UInt64 = 0
    /// `nwritten`, in bytes.
    public var bytesWritten: UInt64 = 0
    /// `reads`.
    public var reads: UInt32 = 0
    /// `writes`.
    public var writes: UInt32 = 0
    /// What waits.
    public var waitQueue = Queue()
    /// What runs.
    public var runQueue = Queue()

    /// All 0.
    public init() {}

    func accumulated(to now: KstatTime) -> KstatIO {
        var io = self
        if waitQueue.count > 0 { io.waitQueue.accumulate(to: now) }
        if runQueue.count > 0 { io.runQueue.accumulate(to: now) }
        return io
    }
}

// The owner's side (R183). In C the caller holds `ks_lock`; here `Kstat.withIO` does. An exit from an empty queue, which
// in C breaks the counter, is `EINVAL` and changes nothing.
extension KstatIO {
    /// Something came to wait (`kstat_waitq_enter`).
    public mutating func enterWaitQueue(at now: KstatTime = .now) {
        waitQueue.enter(now)
    }

    /// Something went away without having run (`kstat_waitq_exit`).
    public mutating func exitWaitQueue(at now: KstatTime = .now) throws(KstatError) {
        try waitQueue.exit(now)
    }

    /// Something began to run at once (`kstat_runq_enter`).
    public mutating func enterRunQueue(at now: KstatTime = .now) {
        runQueue.enter(now)
    }

    /// Something is done (`kstat_runq_exit`).
    public mutating func exitRunQueue(at now: KstatTime = .now) throws(KstatError) {
        try runQueue.exit(now)
    }

    /// What waited runs, at one time for both queues (`kstat_waitq_to_runq`).
    public mutating func moveToRunQueue(at now: KstatTime = .now) throws(KstatError) {
        try waitQueue.exit(now)
        runQueue.enter(now)
    }

    /// What ran waits again, at one time for both queues (`kstat_runq_back_to_waitq`).
    public mutating func moveBackToWaitQueue(at now: KstatTime = .now) throws(KstatError) {
        try runQueue.exit(now)
        waitQueue.enter(now)
    }
}
