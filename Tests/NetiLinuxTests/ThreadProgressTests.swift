// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiLinux

/// When a thread counts as standing still.
struct ThreadProgressTests {
    private func turned(_ progress: ThreadProgress) -> (hasTurned: Bool, isAsked: Bool) {
        var isAsked = false
        let hasTurned = progress.hasTurned { isAsked = true }
        return (hasTurned, isAsked)
    }

    @Test func quietPumpAnswers() {
        let progress = ThreadProgress()
        for _ in 0..<3 {
            #expect(turned(progress) == (true, true))
            progress.answer()
        }
    }

    /// Asked once: what a stuck pump owes doesn't pile up.
    @Test func stuckPumpStandsStill() {
        let progress = ThreadProgress()
        #expect(turned(progress) == (true, true))
        for _ in 0..<3 { #expect(turned(progress) == (false, false)) }
        progress.answer()
        #expect(turned(progress) == (true, true))
    }

    /// Slow hooks and many queues: the answer comes late, the batches go on.
    @Test func busyPumpTurns() {
        let progress = ThreadProgress()
        #expect(turned(progress) == (true, true))
        for _ in 0..<3 {
            progress.batches.add(1)
            #expect(turned(progress) == (true, false))
        }
        #expect(turned(progress) == (false, false))
    }
}
