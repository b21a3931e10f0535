// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Hooks
import Neti
import Synchronization
import SystemPackage

/// One thread that turns queues.
///
/// # Ownership and locking
///
/// The thread owns its loop, its memory and its reader place. Queues reach it and leave it through a list of commands
/// under a lock that the thread takes only when its doorbell was rung; never for a packet. Whoever removes a queue
/// sleeps until the thread has let go of it.
final class Pump: Sendable {
    private enum Command: Sendable {
        case add(PacketQueue)
        case remove(PacketQueue, done: Gate)
        case stop
    }

    /// Token of the doorbell; queues have their address, which is never 0.
    private static let doorbellToken: UInt64 = 0

    private final class Shared: Sendable {
        let commands = Mutex<[Command]>([])
        let doorbell: Doorbell
        let epoll: Int32

        init() throws(NetiError) {
            doorbell = try Doorbell()
            epoll = clnx_epoll_create()
            guard epoll >= 0 else { throw NetiError(Errno(rawValue: -epoll), "can't make an epoll descriptor") }
            let code = clnx_epoll_add(epoll, doorbell.descriptor, UInt32(CLNX_READABLE), doorbellToken)
            guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't watch an eventfd") }
        }

        deinit {
            close(epoll)
        }
    }

    private let shared: Shared
    private let thread: KernelThread

    /// - Parameters:
    ///   - number: for the thread's name.
    ///   - nap: nanoseconds to wait for a fuller batch; 0 for never.
    init(number: Int, nap: UInt64, publication: Publication) throws(NetiError) {
        let shared = try Shared()
        let loop = try LoopBox(PumpLoop(reader: Self.makeReader(publication), nap: nap))
        self.shared = shared
        thread = try KernelThread(named: "neti-pump-\(number)") {
            guard var loop = loop.take() else { return }
            Self.serve(shared, &loop)
        }
    }

    /// Gives the pump a queue to turn; from now on until ``remove(_:)`` the pump keeps it alive.
    func add(_ queue: PacketQueue) {
        send(.add(queue))
    }

    /// Takes a queue away; when this returns, the pump neither uses nor keeps it.
    func remove(_ queue: PacketQueue) {
        let done = Gate()
        send(.remove(queue, done: done))
        done.wait()
    }

    /// Ends the thread.
    func stop() {
        send(.stop)
        thread.join()
    }

    private func send(_ command: Command) {
        shared.commands.withLock { $0.append(command) }
        shared.doorbell.ring()
    }

    private static func makeReader(_ publication: Publication) throws(NetiError) -> Reader {
        do throws(HookError) {
            return try publication.makeReader()
        } catch {
            throw NetiError(error)
        }
    }

    private static func serve(_ shared: Shared, _ loop: inout PumpLoop) {
        // The default slack of 50 microseconds would more than double a nap.
        _ = clnx_thread_timer_slack(1)
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        var queues: [PacketQueue] = []
        while true {
            let count = unsafe clnx_epoll_wait(shared.epoll, ready, UInt32(capacity), -1)
            var isRung = false
            for index in 0..<max(0, Int(count)) {
                let token = unsafe ready[index].token
                if token == doorbellToken {
                    isRung = true
                } else if let queue = unsafe UnsafePointer<PumpedQueue>(bitPattern: UInt(token)) {
                    unsafe loop.turn(queue)
                }
            }
            // After the queues: a queue that is removed now may still be named further down in what epoll reported.
            guard isRung || count < 0 else { continue }
            shared.doorbell.silence()
            guard obey(shared, &queues) else { return }
        }
    }

    /// Carries out what was asked; false when the thread is to end.
    private static func obey(_ shared: Shared, _ queues: inout [PacketQueue]) -> Bool {
        let commands = shared.commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
        var goesOn = true
        for command in commands {
            switch command {
            case .add(let queue):
                queues.append(queue)
                let token = unsafe UInt64(UInt(bitPattern: queue.pumped))
                _ = clnx_epoll_add(shared.epoll, queue.socket, UInt32(CLNX_READABLE), token)
            case .remove(let queue, let done):
                _ = clnx_epoll_remove(shared.epoll, queue.socket)
                queues.removeAll { $0 === queue }
                done.open()
            case .stop:
                goesOn = false
            }
        }
        return goesOn
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
