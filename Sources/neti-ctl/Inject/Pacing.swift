// SPDX-License-Identifier: Apache-2.0

import Glibc

/// When packets are due, in nanoseconds after the first one. Times are absolute: what comes late makes nothing else late.
enum Pacing: Equatable {
    /// At once.
    case none
    /// So many a second.
    case rate(Double)
    /// As they were captured.
    case recorded

    /// When a packet is due.
    ///
    /// - Parameter number: how many there were before it.
    func due(_ number: Int, _ packet: OfferedPacket) -> Int64 {
        switch self {
        case .none: 0
        case .rate(let rate): Int64(exactly: (Double(number) / rate * 1e9).rounded()) ?? .max
        case .recorded: packet.time
        }
    }
}

/// `CLOCK_MONOTONIC`, in nanoseconds.
enum MonotonicClock {
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Sleeps until then, or until a signal comes.
    static func sleep(until moment: Int64) {
        var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
        unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil)
    }
}
