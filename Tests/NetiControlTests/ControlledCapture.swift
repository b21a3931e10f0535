// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Synchronization
import Testing

/// A capture of which the test says what it brings; then it goes on in silence.
final class ControlledCapture: CaptureSource {
    let replies: [Capture.Reply]
    private let told = Mutex(0)
    private let isFinished = Atomic(false)

    init(replies: [Capture.Reply]) {
        self.replies = replies
    }

    func next() async -> Capture.Reply? {
        let next = told.withLock { told -> Capture.Reply? in
            guard told < replies.count else { return nil }
            told += 1
            return replies[told - 1]
        }
        if let next { return next }
        while !isFinished.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(1)) }
        return nil
    }

    func finish() {
        isFinished.store(true, ordering: .relaxed)
    }

    /// Waits until the server has ended it, ten seconds at most.
    func waitUntilFinished() {
        let deadline = ContinuousClock.now + .seconds(10)
        while !isFinished.load(ordering: .relaxed) {
            guard ContinuousClock.now < deadline else {
                Issue.record("the capture goes on")
                return
            }
        }
    }
}

extension FakeBackend {
    /// Waits until so many clients have captured.
    func waitForCaptures(_ count: Int) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while captures.count != count {
            try #require(ContinuousClock.now < deadline, "\(captures.count) clients capture")
        }
    }
}
