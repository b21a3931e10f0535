// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
package import NIOPosix

/// Threads that serve clients: one that reads and writes, a few that answer. The control interface has some, and the metrics
/// have others.
///
/// They give way to those that carry packets: whatever clients ask for, on a machine that has too much to do they get
/// the least of it.
package final class ControlThreads: TaskExecutor {
    /// The nice value of setpriority(2), which Linux keeps for each thread. On a processor that a pump keeps busy, a thread
    /// gets a thirtieth of the time: little enough for the packets, and enough for a call or two.
    private static let niceness: CInt = 15

    package let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let pool: NIOThreadPool

    /// - Parameter count: calls that may take their time at once, without others waiting for them.
    package init(answering count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
    }

    /// Starts them.
    package func start() async throws {
        let pool = pool
        try await loop.next().submit {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            // A thread begins as nice as the one that starts it.
            pool.start()
        }.get()
    }

    /// Ends them; nothing may run on them any more.
    package func stop() async throws {
        try await loop.shutdownGracefully()
        try await pool.shutdownGracefully()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        pool.submit { _ in unsafe job.runSynchronously(on: executor) }
    }
}
