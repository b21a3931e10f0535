// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// Lets one thread at a time change something, and refuses the thread that has the turn already.
///
/// A mutex that a callback may meet again: instead of hanging, the second `take` of the same thread is `EDEADLK`.
struct Turn: ~Copyable, Sendable {
    private let mutex = Mutex(())
    /// The thread that has the turn; 0 for nobody.
    private let holder = Atomic<UInt>(0)

    func take<Result: ~Copyable>(_ body: () throws(HookError) -> Result) throws(HookError) -> Result {
        let caller = UInt(pthread_self())
        if holder.load(ordering: .relaxed) == caller {
            throw HookError(.deadlock, "called from inside a callback of the same event")
        }
        return try mutex.withLock { _ throws(HookError) -> Result in
            holder.store(caller, ordering: .relaxed)
            defer { holder.store(0, ordering: .relaxed) }
            return try body()
        }
    }
}
