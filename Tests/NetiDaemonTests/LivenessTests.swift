// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import NetiDaemon

/// What the service manager is told while the daemon runs.
struct LivenessTests {
    @Test(arguments: [
        ("10000000", nil, Duration.seconds(10)), ("500000", "\(getpid())", .milliseconds(500)),
        (nil, nil, nil), ("0", nil, nil), ("-1", nil, nil), ("soon", nil, nil), ("10000000", "1", nil),
    ])
    func managerSaysHowLongItWaits(microseconds: String?, process: String?, duration: Duration?) {
        #expect(WatchdogTime(microseconds: microseconds, process: process)?.duration == duration)
    }

    @Test func statusHasInstancesAndRates() {
        var line = StatusLine()
        let begin = ContinuousClock.now
        var figures = StatusLine.Figures()
        figures.up = 1
        #expect(line.text(figures, at: begin) == "1 instance up")
        (figures.up, figures.waiting, figures.received, figures.dropped) = (3, 1, 5_000, 20)
        #expect(
            line.text(figures, at: begin + .seconds(2)) == "3 instances up, 1 waiting; 2500 packets/s, 10 dropped/s")
        (figures.up, figures.failed, figures.received) = (2, 1, 100)
        #expect(
            line.text(figures, at: begin + .seconds(3))
                == "2 instances up, 1 waiting, 1 failed; 0 packets/s, 0 dropped/s")
    }
}
