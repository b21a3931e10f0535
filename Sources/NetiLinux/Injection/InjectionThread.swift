// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Synchronization
import SystemPackage

/// The thread `neti-inject`: delivers the packets whose time has come, for all instances.
///
/// It waits for the timers of the instances' lists and enters a namespace to make an interface there receive packets; when
/// nobody is busy any more it goes home. As for the broker there is no Swift concurrency on it.
final class InjectionThread: Sendable {
    private enum Command: Sendable {
        case add(InstanceInjector)
        case remove(InstanceInjector, done: Gate)
        case answer
        case stop
    }

    private let mailbox: Mailbox<Command>
    private let thread: KernelThread
    private let progress = ThreadProgress()

    /// Starts the thread.
    ///
    /// - Parameter broker: knows the way home; outlives the thread.
    /// - Throws: when threads or descriptors run out.
    init(_ broker: NamespaceBroker) throws(NetiError) {
        let mailbox = try Mailbox<Command>()
        let home = broker.home
        self.mailbox = mailbox
        thread = try KernelThread(named: "neti-inject") { [progress] in Self.serve(mailbox, progress, home: home) }
    }

    /// Has the thread deliver what is on an instance's list, until ``remove(_:)``.
    ///
    /// - Throws: `ENOMEM`, `ENOSPC` when its timer can't be watched.
    func add(_ injector: InstanceInjector) throws(NetiError) {
        mailbox.send(.add(injector))
        for (descriptor, token) in injector.descriptors {
            try mailbox.epoll.add(descriptor, token: token, describedAs: "a timer")
        }
    }

    /// Takes an instance's list away: what is on it is dropped and counted; when this returns, the thread uses nothing of it.
    func remove(_ injector: InstanceInjector) {
        let done = Gate()
        if mailbox.send(.remove(injector, done: done)) { done.wait() } else { injector.end() }
    }

    /// Whether the thread has come back from what it delivers since this was asked last. Never waits.
    func hasTurned() -> Bool {
        progress.hasTurned { mailbox.send(.answer) }
    }

    /// Ends the thread. Called exactly once.
    func stop() {
        mailbox.send(.stop, isLast: true)
        thread.join()
    }

    private static func serve(_ mailbox: Mailbox<Command>, _ progress: ThreadProgress, home: Int32) {
        // The default slack of 50 microseconds is a fifth of a tick.
        _ = clnx_thread_timer_slack(1)
        var round = InjectionRound(home: home)
        var injectors: [UInt64: InstanceInjector] = [:]
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        // Instances that have more to deliver at once: a timer would take longer to go off than the rest takes.
        var busy: [UInt64] = []
        while true {
            let wait: Int64 = busy.isEmpty ? -1 : 0
            let result = unsafe clnx_epoll_wait(mailbox.epoll.descriptor, ready, UInt32(capacity), wait)
            let events = unsafe UnsafeBufferPointer(start: ready, count: max(0, Int(result)))
            var isRung = false
            let before = busy.count
            for index in 0..<before {
                let token = busy[index]
                // Whose timer has gone off as well has one turn for both, below.
                guard let injector = injectors[token], unsafe !events.contains(where: { $0.token == token }) else {
                    continue
                }
                if turn(injector, token, &round, mailbox.epoll) { busy.append(token) }
            }
            busy.removeFirst(before)
            for index in events.indices {
                let token = unsafe events[index].token
                if token == WakeableEpoll.doorbellToken {
                    isRung = true
                } else {
                    guard let injector = injectors[token & ~1] else { continue }
                    if turn(injector, token, &round, mailbox.epoll), !busy.contains(token) { busy.append(token) }
                }
            }
            // Whoever is busy has the next turn at once.
            if busy.isEmpty || isRung || result < 0 { round.goHome() }
            guard isRung || result < 0 else { continue }
            guard obey(mailbox, progress, &injectors) else { return }
        }
    }

    /// Has an instance deliver what is due, and waits for what it found that there is to wait for; whether more is due.
    private static func turn(
        _ injector: InstanceInjector, _ token: UInt64, _ round: inout InjectionRound, _ epoll: WakeableEpoll
    ) -> Bool {
        let isBusy = injector.turn(token, &round)
        if let (descriptor, token) = injector.takeNewDescriptor() {
            // Failing that, news of neighbours are only looked at when the time of what waits for them is over.
            try? epoll.add(descriptor, token: token, describedAs: "neighbours")
        }
        return isBusy
    }

    /// Carries out what was asked; says whether the thread goes on.
    private static func obey(
        _ mailbox: Mailbox<Command>, _ progress: ThreadProgress, _ injectors: inout [UInt64: InstanceInjector]
    ) -> Bool {
        var goesOn = true
        for command in mailbox.take() {
            switch command {
            case .add(let injector):
                injectors[injector.token] = injector
            case .remove(let injector, let done):
                for (descriptor, _) in injector.descriptors { mailbox.epoll.remove(descriptor) }
                injectors[injector.token] = nil
                injector.end()
                done.open()
            case .answer:
                progress.answer()
            case .stop:
                goesOn = false
            }
        }
        return goesOn
    }
}
