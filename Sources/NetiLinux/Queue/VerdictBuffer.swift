// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import CNetfilterQueue
import Glibc

/// Collects the verdicts on a batch and sends them with one system call.
///
/// Neighbours with the same plain verdict become one batch verdict, which decides on every waiting packet up to an id.
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

    private var failures = 0
    private var verdicts = unsafe cnfq_verdicts()
    private let memory: UnsafeMutableRawPointer
    private var runVerdict: UInt32 = 0
    private var runLastID: UInt32 = 0
    private var runCount = 0

    init() {
        unsafe memory = .allocate(byteCount: Int(Self.capacity), alignment: 8)
        unsafe cnfq_verdicts_prepare(&verdicts, memory, Self.capacity)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Notes a verdict that changes nothing about the packet.
    @inline(__always)
    mutating func append(_ verdict: UInt32, id: UInt32, to target: Target) {
        if runCount > 0, runVerdict != verdict { endRun(to: target) }
        runVerdict = verdict
        runLastID = id
        runCount += 1
    }

    /// Notes a verdict that sets the packet's mark.
    mutating func append(_ verdict: UInt32, id: UInt32, mark: UInt32, to target: Target) {
        endRun(to: target)
        makeRoom(Int(CNFQ_MARKED_VERDICT_SIZE), to: target)
        note(unsafe cnfq_verdict_append_mark(&verdicts, target.queue, id, verdict, mark))
    }

    /// Notes a verdict that gives the packet back with other bytes, copied here.
    mutating func append(
        _ verdict: UInt32, id: UInt32, mark: UInt32?, payload: borrowing RawSpan, to target: Target
    ) {
        endRun(to: target)
        makeRoom(Int(CNFQ_MARKED_VERDICT_SIZE) + 8 + payload.byteCount, to: target)
        let mark = mark.map(Int64.init) ?? -1
        let code = unsafe payload.withUnsafeBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe cnfq_verdict_append_payload(
                &verdicts, target.queue, id, verdict, mark, start, UInt32(bytes.count))
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
        makeRoom(Int(CNFQ_VERDICT_SIZE), to: target)
        if runCount == 1 {
            note(unsafe cnfq_verdict_append(&verdicts, target.queue, runLastID, runVerdict))
        } else {
            note(unsafe cnfq_verdict_append_batch(&verdicts, target.queue, runLastID, runVerdict, -1))
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
