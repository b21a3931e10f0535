// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

extension Daemon {
    /// Has all threads share one heap; for the first line of a program's `main`.
    ///
    /// glibc gives every thread a heap of its own, up to eight for each processor, and keeps what was freed there for
    /// that thread alone. So each thread that answers clients would keep what the longest answer ever took: with 500
    /// instances some megabytes a thread. The threads that carry packets allocate nothing, and all others seldom do at the
    /// same moment.
    public static func shareHeap() {
        // Where it can't be had, more memory is used, nothing else.
        _ = clnx_heap_share()
    }
}
