// SPDX-License-Identifier: Apache-2.0

/// The text of the metrics, made at most once a second, however many ask.
actor MetricsSource {
    private let snapshot: @Sendable () -> MetricsSnapshot
    private var made: (text: [UInt8], time: ContinuousClock.Instant)?
    private let lifetime: Duration

    /// - Parameters:
    ///   - lifetime: for how long a text is good enough.
    ///   - snapshot: looks at the figures of now; never called twice at a time.
    init(lifetime: Duration = .seconds(1), snapshot: @escaping @Sendable () -> MetricsSnapshot) {
        self.lifetime = lifetime
        self.snapshot = snapshot
    }

    /// The metrics as of now, or of the last second.
    func text() -> [UInt8] {
        if let made, made.time.duration(to: .now) < lifetime { return made.text }
        let text = snapshot().text
        made = (text, .now)
        return text
    }
}
