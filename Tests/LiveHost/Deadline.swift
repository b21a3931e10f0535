// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A moment by which something must have happened.
public struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// The moment so much later than now.
    public init(_ duration: Duration) {
        end = .now + duration
    }

    /// Whether it is over.
    public var isOver: Bool { ContinuousClock.now >= end }

    /// What is left, rounded up to milliseconds as poll(2) wants it; 0 when it is over.
    public var milliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Looks again and again, for what no descriptor tells of; whether it came true before the moment was over.
    public func sees<Failure>(_ isTrue: () throws(Failure) -> Bool) throws(Failure) -> Bool {
        while try !isTrue() {
            if isOver { return false }
            usleep(500)
        }
        return true
    }
}
