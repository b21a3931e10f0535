// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Synchronization
import SystemPackage

/// The thread that hears of changes: interfaces through rtnetlink, namespaces through inotify.
///
/// It stays in the daemon's own namespace. What it calls may take locks but must not wait for the thread itself.
final class Watch: Sendable {
    private typealias Action = @Sendable () -> Void

    private struct State {
        var actions: [Int32: Action] = [:]
        var isStopping = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let doorbell: Doorbell
        let epoll: Int32

        init() throws(NetiError) {
            doorbell = try Doorbell()
            epoll = clnx_epoll_create()
            guard epoll >= 0 else { throw NetiError(Errno(rawValue: -epoll), "can't make an epoll descriptor") }
            let code = clnx_epoll_add(
                epoll, doorbell.descriptor, UInt32(CLNX_READABLE), UInt64(doorbell.descriptor))
            guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't watch an eventfd") }
        }

        deinit {
            close(epoll)
        }
    }

    private let shared: Shared
    private let thread: KernelThread

    init() throws(NetiError) {
        let shared = try Shared()
        self.shared = shared
        thread = try KernelThread(named: "neti-watch") { Self.serve(shared) }
    }

    /// Calls `action` on the watch thread whenever the descriptor is readable, until it is removed.
    ///
    /// - Parameter events: what to wait for instead, `CLNX_PRIORITY` for instance; errors are always told.
    /// - Throws: `ENOMEM`, `ENOSPC` (`fs.epoll.max_user_watches`): nothing would ever be heard.
    func add(
        _ descriptor: Int32, for events: Int = CLNX_READABLE, _ action: @escaping @Sendable () -> Void
    ) throws(NetiError) {
        shared.state.withLock { $0.actions[descriptor] = action }
        let code = clnx_epoll_add(shared.epoll, descriptor, UInt32(events), UInt64(descriptor))
        guard code == 0 else {
            shared.state.withLock { _ = $0.actions.removeValue(forKey: descriptor) }
            throw NetiError(Errno(rawValue: -code), "can't watch for changes")
        }
    }

    /// Ends the calls for a descriptor; one that is running goes on and keeps alive what it needs.
    func remove(_ descriptor: Int32) {
        _ = clnx_epoll_remove(shared.epoll, descriptor)
        shared.state.withLock { _ = $0.actions.removeValue(forKey: descriptor) }
    }

    func stop() {
        shared.state.withLock { $0.isStopping = true }
        shared.doorbell.ring()
        thread.join()
    }

    private static func serve(_ shared: Shared) {
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        while true {
            let count = unsafe clnx_epoll_wait(shared.epoll, ready, UInt32(capacity), -1)
            for index in 0..<max(0, Int(count)) {
                let descriptor = Int32(truncatingIfNeeded: unsafe ready[index].token)
                if descriptor == shared.doorbell.descriptor {
                    shared.doorbell.silence()
                } else {
                    shared.state.withLock { $0.actions[descriptor] }?()
                }
            }
            if shared.state.withLock({ $0.isStopping }) { return }
        }
    }
}
