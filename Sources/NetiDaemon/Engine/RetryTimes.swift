// SPDX-License-Identifier: Apache-2.0

/// When instances that could not come up are tried again: after one second, then after twice as long each time, up to a
/// minute.
struct RetryTimes {
    private struct Retry {
        var delay: Duration
        var due: ContinuousClock.Instant
    }

    private static let first = Duration.seconds(1)
    private static let last = Duration.seconds(60)

    private var retries: [String: Retry] = [:]

    /// Notes that an instance failed once more.
    mutating func failed(_ instance: String, at now: ContinuousClock.Instant = .now) {
        let delay = retries[instance].map { min($0.delay * 2, Self.last) } ?? Self.first
        retries[instance] = Retry(delay: delay, due: now + delay)
    }

    /// Forgets an instance that is up or gone.
    mutating func forget(_ instance: String) {
        retries[instance] = nil
    }

    /// The instances whose time has come, sorted.
    func due(at now: ContinuousClock.Instant = .now) -> [String] {
        retries.filter { $0.value.due <= now }.keys.sorted()
    }
}
