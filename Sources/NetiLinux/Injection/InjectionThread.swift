// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Synchronization
import SystemPackage

/// The thread `neti-inject`: delivers the packets whose time has come, for all instances.
///
/// It waits for the timers of the instances' lists and enters a namespace for as long as it makes an interface there receive
/// packets. As for the broker there is no Swift concurrency on it.
final class InjectionThread: Sendable {
    private enum Command: Sendable {
        case add(InstanceInjector)
        case remove(InstanceInjector, done: Gate)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isClosed = false
    }

    private final class Shared: Sendable {
        let inbox = Mutex(Inbox())
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

    /// Starts the thread.
    ///
    /// - Parameter broker: knows the way home; outlives the thread.
    /// - Throws: when threads or descriptors run out.
    init(_ broker: NamespaceBroker) throws(NetiError) {
        let shared = try Shared()
        let home = broker.home
        self.shared = shared
        thread = try KernelThread(named: "neti-inject") { Self.serve(shared, home: home) }
    }

    /// Has the thread deliver what is on an instance's list, until ``remove(_:)``.
    ///
    /// - Throws: `ENOMEM`, `ENOSPC` when its timer can't be watched.
    func add(_ injector: InstanceInjector) throws(NetiError) {
        send(.add(injector))
        for (descriptor, token) in injector.descriptors {
            let code = clnx_epoll_add(shared.epoll, descriptor, UInt32(CLNX_READABLE), token)
            guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't watch a timer") }
        }
    }

    /// Takes an instance's list away: what is on it is dropped and counted; when this returns, the thread uses nothing of it.
    func remove(_ injector: InstanceInjector) {
        let done = Gate()
        if send(.remove(injector, done: done)) { done.wait() } else { injector.end() }
    }

    /// Ends the thread. Called exactly once.
    func stop() {
        send(.stop)
        thread.join()
    }

    @discardableResult
    private func send(_ command: Command) -> Bool {
        let isAccepted = shared.inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            inbox.commands.append(command)
            if case .stop = command { inbox.isClosed = true }
            return true
        }
        shared.doorbell.ring()
        return isAccepted
    }

    private static func serve(_ shared: Shared, home: Int32) {
        // The default slack of 50 microseconds is a fifth of a tick.
        _ = clnx_thread_timer_slack(1)
        var round = InjectionRound(home: home)
        var injectors: [UInt64: InstanceInjector] = [:]
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        while true {
            let count = unsafe clnx_epoll_wait(shared.epoll, ready, UInt32(capacity), -1)
            var isRung = false
            for index in 0..<max(0, Int(count)) {
                let token = unsafe ready[index].token
                if token == doorbellToken {
                    isRung = true
                } else {
                    guard let injector = injectors[token & ~1] else { continue }
                    injector.turn(token, &round)
                    if let (descriptor, token) = injector.takeNewDescriptor() {
                        // Failing that, what waits for news of neighbours is refused when its time is over.
                        _ = clnx_epoll_add(shared.epoll, descriptor, UInt32(CLNX_READABLE), token)
                    }
                }
            }
            round.goHome()
            guard isRung || count < 0 else { continue }
            shared.doorbell.silence()
            guard obey(shared, &injectors) else { return }
        }
    }

    /// Carries out what was asked; says whether the thread goes on.
    private static func obey(_ shared: Shared, _ injectors: inout [UInt64: InstanceInjector]) -> Bool {
        let commands = shared.inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
        var goesOn = true
        for command in commands {
            switch command {
            case .add(let injector):
                injectors[injector.token] = injector
            case .remove(let injector, let done):
                for (descriptor, _) in injector.descriptors { _ = clnx_epoll_remove(shared.epoll, descriptor) }
                injectors[injector.token] = nil
                injector.end()
                done.open()
            case .stop:
                goesOn = false
            }
        }
        return goesOn
    }
}

private let doorbellToken: UInt64 = 0
