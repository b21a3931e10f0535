// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Hooks
import Neti
import Synchronization
import SystemPackage

/// One thread that turns queues, and taps beside them.
///
/// # Ownership and locking
///
/// The thread owns its loop, its memory and its reader place. Queues reach it and leave it through a list of commands
/// under a lock that the thread takes only when its doorbell was rung; never for a packet. Whoever removes one
/// sleeps until the thread has let go of it.
final class Pump: Sendable {
    private enum Command: Sendable {
        case add(any PumpSource)
        case remove(any PumpSource, done: Gate)
        case answer
        case stop
    }

    private let mailbox: Mailbox<Command>
    private let thread: KernelThread
    private let progress: ThreadProgress
    private let captures: CaptureSwitch

    /// - Parameters:
    ///   - number: for the thread's name.
    ///   - nap: nanoseconds that a busy queue may fill before the pump looks; 0 for never.
    ///   - captures: who wants copies of packets.
    init(number: Int, nap: Int64, captures: CaptureSwitch, publication: Publication) throws(NetiError) {
        let mailbox = try Mailbox<Command>()
        let progress = ThreadProgress()
        let loop = try LoopBox(PumpLoop(reader: Self.makeReader(publication), progress: progress, captures: captures))
        self.mailbox = mailbox
        self.progress = progress
        self.captures = captures
        thread = try KernelThread(named: "neti-pump-\(number)") {
            guard var loop = loop.take() else { return }
            Self.serve(mailbox, progress, &loop, nap: nap)
        }
    }

    /// Gives the pump something to turn; from now on until ``remove(_:)`` the pump keeps it alive.
    ///
    /// - Throws: `ENOMEM`, `ENOSPC` (`fs.epoll.max_user_watches`) when it can't be watched: it would never be turned.
    func add(_ source: any PumpSource) throws(NetiError) {
        mailbox.send(.add(source))
        try mailbox.epoll.add(source.socket, token: source.token, describedAs: source.description)
    }

    /// Takes it away some time soon, without waiting for it.
    func abandon(_ source: any PumpSource) {
        mailbox.send(.remove(source, done: Gate()))
    }

    /// Takes it away; when this returns, the pump neither uses nor keeps it.
    func remove(_ source: any PumpSource) {
        let done = Gate()
        if mailbox.send(.remove(source, done: done)) { done.wait() }
    }

    /// Whether the thread has come back from hooks, or has none to come back from, since this was asked last. Never waits.
    func hasTurned() -> Bool {
        progress.hasTurned { mailbox.send(.answer) }
    }

    /// Ends the thread, which lets go of all queues; later commands do nothing. Called exactly once.
    func stop() {
        mailbox.send(.stop, isLast: true)
        thread.join()
    }

    private static func makeReader(_ publication: Publication) throws(NetiError) -> Reader {
        do throws(HookError) {
            return try publication.makeReader()
        } catch {
            throw NetiError(error)
        }
    }

    private static func serve(
        _ mailbox: Mailbox<Command>, _ progress: ThreadProgress, _ loop: inout PumpLoop, nap: Int64
    ) {
        // The default slack of 50 microseconds would more than double a nap.
        _ = clnx_thread_timer_slack(1)
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        var sources: [any PumpSource] = []
        var polled = PolledQueues(epoll: mailbox.epoll.descriptor, nap: nap)
        while true {
            let count = unsafe clnx_epoll_wait(mailbox.epoll.descriptor, ready, UInt32(capacity), polled.wait)
            polled.look(&loop)
            var isRung = false
            for index in 0..<max(0, Int(count)) {
                let token = unsafe ready[index].token
                if token == WakeableEpoll.doorbellToken {
                    isRung = true
                } else if let tap = unsafe PumpedTap.tap(token) {
                    unsafe loop.turn(tap)
                } else if let queue = unsafe UnsafePointer<PumpedQueue>(bitPattern: UInt(token)) {
                    let last = unsafe loop.turn(queue)
                    unsafe polled.consider(queue, lastBatch: last)
                }
            }
            // After the queues: a queue that is removed now may still be named further down in what epoll reported.
            guard isRung || count < 0 else { continue }
            let (goesOn, done) = obey(mailbox, progress, &sources, &polled)
            // Only now have the commands let go of their queues too, so that whoever waits is the one who closes them.
            for gate in done { gate.open() }
            guard goesOn else { return }
        }
    }

    /// Carries out what was asked; says whether the thread goes on, and which gates are to be opened.
    private static func obey(
        _ mailbox: Mailbox<Command>, _ progress: ThreadProgress, _ sources: inout [any PumpSource],
        _ polled: inout PolledQueues
    ) -> (goesOn: Bool, done: [Gate]) {
        var goesOn = true
        var gates: [Gate] = []
        for command in mailbox.take() {
            switch command {
            case .add(let source):
                sources.append(source)
            case .remove(let source, let done):
                mailbox.epoll.remove(source.socket)
                polled.forget(source.token)
                sources.removeAll { $0 === source }
                gates.append(done)
            case .answer:
                progress.answer()
            case .stop:
                goesOn = false
            }
        }
        return (goesOn, gates)
    }
}

/// Hands a noncopyable loop over to the thread that will own it.
private final class LoopBox: Sendable {
    private let loop: Mutex<PumpLoop?>

    init(_ loop: consuming sending PumpLoop) {
        self.loop = Mutex(loop)
    }

    func take() -> sending PumpLoop? {
        loop.withLock { $0.take() }
    }
}
