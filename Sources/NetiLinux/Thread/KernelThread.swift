// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import Neti
import SystemPackage

/// A plain thread with a name, outside Swift's own pool.
///
/// The broker is inside other namespaces while it works, and a pump blocks in the kernel: neither may be one of the
/// threads that run Swift tasks, which would then run in the wrong namespace or not at all.
package final class KernelThread: Sendable {
    private let thread: pthread_t

    /// Starts a thread that runs `body` once.
    ///
    /// - Parameter name: shown by `ps -L` and in stack traces, at most 15 bytes.
    /// - Throws: `EAGAIN` when the system has no room for another thread.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(NetiError) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe clnx_thread_name(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            throw NetiError(Errno(rawValue: code), "can't start thread '\(name)'")
        }
        self.thread = thread
    }

    /// Waits until the thread has ended. Called exactly once.
    package func join() {
        pthread_join(thread, nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
