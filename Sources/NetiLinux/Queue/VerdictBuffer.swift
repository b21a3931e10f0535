// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import CNetfilterQueue
import Glibc

/// Collects the verdicts on a batch and sends them with one system call.
///
/// Neighbours with the same verdict and no change but the same priority become one batch verdict, which decides on every waiting packet up to an id.
/// That is sound because a pump answers a queue's packets strictly in order: whatever has a lower id has its verdict
/// already, in this message or before it.
@safe
struct VerdictBuffer: ~Copyable {
    /// Bytes that are collected before they are sent: several of the largest packets.
    static let capacity: UInt32 = 256 << 10

    /// Where verdicts go: a queue and the socket that holds it.
    struct Target {
        let socket: Int32
        let queue: UInt16
    }

    /// Bytes of a verdict with mark and priority.
    private static let front = Int(CNFQ_VERDICT_SIZE + 2 * CNFQ_CHANGE_SIZE)

    private var failures = 0
    private var verdicts = unsafe cnfq_verdicts()
    private let memory: UnsafeMutableRawPointer
    private var runVerdict: UInt32 = 0
    private var runPriority: Int64 = -1
    private var runLastID: UInt32 = 0
    private var runCount = 0

    init() {
        unsafe memory = .allocate(byteCount: Int(Self.capacity), alignment: 8)
        unsafe cnfq_verdicts_prepare(&verdicts, memory, Self.capacity)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Notes a verdict that changes nothing about the packet but perhaps its priority.
    ///
    /// - Parameter priority: the new priority; -1 leaves it as it is.
    @inline(__always)
    mutating func append(_ verdict: UInt32, id: UInt32, priority: Int64 = -1, to target: Target) {
        if runCount > 0, runVerdict != verdict || runPriority != priority { endRun(to: target) }
        runVerdict = verdict
        runPriority = priority
        runLastID = id
        runCount += 1
    }

    /// Notes a verdict that sets the packet's mark.
    mutating func append(_ verdict: UInt32, id: UInt32, change: cnfq_change, to target: Target) {
        endRun(to: target)
        makeRoom(Self.front, to: target)
        note(unsafe cnfq_verdict_append(&verdicts, target.queue, id, verdict, change))
    }

    /// Notes a verdict that gives the packet back with other bytes, copied here.
    mutating func append(
        _ verdict: UInt32, id: UInt32, change: cnfq_change, payload: borrowing RawSpan, to target: Target
    ) {
        endRun(to: target)
        makeRoom(Self.front + 8 + payload.byteCount, to: target)
        let code = unsafe payload.withUnsafeBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe cnfq_verdict_append_payload(
                &verdicts, target.queue, id, verdict, change, start, UInt32(bytes.count))
        }
        note(code)
    }

    /// Sends what was noted, if anything.
    mutating func send(to target: Target) {
        endRun(to: target)
        if unsafe verdicts.count > 0 { flush(to: target) }
    }

    /// How often sending failed since the last call.
    mutating func takeFailures() -> Int {
        defer { failures = 0 }
        return failures
    }

    private mutating func endRun(to target: Target) {
        guard runCount > 0 else { return }
        makeRoom(Self.front, to: target)
        let change = cnfq_change(mark: -1, priority: runPriority)
        if runCount == 1 {
            note(unsafe cnfq_verdict_append(&verdicts, target.queue, runLastID, runVerdict, change))
        } else {
            note(unsafe cnfq_verdict_append_batch(&verdicts, target.queue, runLastID, runVerdict, change))
        }
        runCount = 0
    }

    private mutating func makeRoom(_ size: Int, to target: Target) {
        if unsafe Int(verdicts.capacity - verdicts.length) < size {
            flush(to: target)
        }
    }

    /// Empties the buffer, which the next queue needs.
    ///
    /// Tries until the kernel has memory for it: a verdict to drop that was forgotten would let its packet through with
    /// the next batch verdict. A socket that takes nothing any more takes no later verdict either.
    private mutating func flush(to target: Target) {
        while true {
            let code = unsafe cnfq_verdicts_send(target.socket, &verdicts)
            if code == 0 { return }
            failures += 1
            guard code == -ENOBUFS || code == -EAGAIN || code == -ENOMEM else { break }
            clnx_nap(1_000_000)
        }
        unsafe cnfq_verdicts_prepare(&verdicts, memory, Self.capacity)
    }

    @inline(__always)
    private mutating func note(_ code: Int32) {
        if code != 0 { failures += 1 }
    }
}
