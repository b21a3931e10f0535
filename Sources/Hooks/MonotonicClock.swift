// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The clock that nobody sets (`CLOCK_MONOTONIC`). For any thread, also on the packet path.
public enum MonotonicClock {
    /// Nanoseconds since some moment. No system call where the kernel offers its vDSO.
    public static var now: UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
