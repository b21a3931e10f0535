// SPDX-License-Identifier: Apache-2.0

/// One record of a kstat of type TIMER: how often an event happened and how long it lasted.
public struct KstatTimer: Sendable, Equatable {
    /// The event, 30 bytes of UTF-8 at most; what is longer is cut off silently (R174).
    public let name: String
    /// `num_events`: how often it ended.
    public var events: UInt64 = 0
    /// `elapsed_time`: how long all of them lasted, in nanoseconds.
    public var elapsedTime: Int64 = 0
    /// `min_time`: how long the shortest lasted, in nanoseconds.
    public var minimumTime: Int64 = 0
    /// `max_time`: how long the longest lasted, in nanoseconds.
    public var maximumTime: Int64 = 0
    /// `start_time`: when the latest began.
    public var startTime = KstatTime(nanoseconds: 0)
    /// `stop_time`: when the latest ended.
    public var stopTime = KstatTime(nanoseconds: 0)

    /// An event that has not happened yet.
    public init(_ name: String) {
        self.name = KstatName.significant(name)
    }

    /// The event begins.
    public mutating func start(at now: KstatTime = .now) {
        startTime = now
    }

    /// The event that began last ends.
    public mutating func stop(at now: KstatTime = .now) {
        let duration = now.nanoseconds &- startTime.nanoseconds
        minimumTime = events == 0 ? duration : min(minimumTime, duration)
        maximumTime = events == 0 ? duration : max(maximumTime, duration)
        elapsedTime &+= duration
        events &+= 1
        stopTime = now
    }
}
