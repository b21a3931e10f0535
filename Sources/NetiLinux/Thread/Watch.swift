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
        let epoll: WakeableEpoll

        init() throws(NetiError) {
            epoll = try WakeableEpoll()
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
        do throws(NetiError) {
            try shared.epoll.add(descriptor, for: events, token: UInt64(descriptor) + 1, describedAs: "for changes")
        } catch {
            shared.state.withLock { _ = $0.actions.removeValue(forKey: descriptor) }
            throw error
        }
    }

    /// Ends the calls for a descriptor; one that is running goes on and keeps alive what it needs.
    func remove(_ descriptor: Int32) {
        shared.epoll.remove(descriptor)
        shared.state.withLock { _ = $0.actions.removeValue(forKey: descriptor) }
    }

    func stop() {
        shared.state.withLock { $0.isStopping = true }
        shared.epoll.doorbell.ring()
        thread.join()
    }

    private static func serve(_ shared: Shared) {
        let capacity = Int(CLNX_MAX_READY)
        let ready = UnsafeMutablePointer<clnx_ready>.allocate(capacity: capacity)
        defer { unsafe ready.deallocate() }
        while true {
            let count = unsafe clnx_epoll_wait(shared.epoll.descriptor, ready, UInt32(capacity), -1)
            for index in 0..<max(0, Int(count)) {
                let token = unsafe ready[index].token
                if token == WakeableEpoll.doorbellToken {
                    shared.epoll.doorbell.silence()
                } else {
                    let descriptor = Int32(truncatingIfNeeded: token - 1)
                    shared.state.withLock { $0.actions[descriptor] }?()
                }
            }
            if shared.state.withLock({ $0.isStopping }) { return }
        }
    }
}
