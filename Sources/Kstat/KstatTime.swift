// SPDX-License-Identifier: Apache-2.0

import Glibc

/// `hrtime_t`: nanoseconds of the monotonic clock, which starts with the machine and never goes back.
public struct KstatTime: Sendable, Hashable, Comparable {
    /// Nanoseconds.
    public let nanoseconds: Int64

    /// A time in nanoseconds of the monotonic clock.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The present (`gethrtime`).
    public static var now: KstatTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return KstatTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Which is earlier.
    public static func < (one: KstatTime, other: KstatTime) -> Bool {
        one.nanoseconds < other.nanoseconds
    }
}
