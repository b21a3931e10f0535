// SPDX-License-Identifier: Apache-2.0

import NetiLinux

/// What `systemctl status` says of the daemon: how its instances are, and what goes through them.
struct StatusLine {
    /// The figures of one moment.
    struct Figures {
        /// Instances by state.
        var up = 0
        var waiting = 0
        var failed = 0
        /// Packets of all instances that are up.
        var received: UInt64 = 0
        var dropped: UInt64 = 0
    }

    private var last: (figures: Figures, time: ContinuousClock.Instant)?

    /// The line of now, with rates since the last one.
    mutating func text(_ figures: Figures, at now: ContinuousClock.Instant = .now) -> String {
        defer { last = (figures, now) }
        var words = ["\(figures.up) instance\(figures.up == 1 ? "" : "s") up"]
        if figures.waiting > 0 { words.append("\(figures.waiting) waiting") }
        if figures.failed > 0 { words.append("\(figures.failed) failed") }
        let state = words.joined(separator: ", ")
        guard let last, last.time < now else { return state }
        func rate(_ figure: KeyPath<Figures, UInt64>) -> Int {
            let (count, before) = (figures[keyPath: figure], last.figures[keyPath: figure])
            // Instances that are gone take their packets along.
            return count > before
                ? Int((Double(count - before) / (last.time.duration(to: now) / .seconds(1))).rounded()) : 0
        }
        return "\(state); \(rate(\.received)) packets/s, \(rate(\.dropped)) dropped/s"
    }
}

extension StatusLine.Figures {
    /// Those of an engine.
    init(_ engine: Engine) {
        for entry in engine.entries {
            switch entry.state {
            case .up(let running):
                up += 1
                for queue in engine.provider.status(of: running.instance)?.queues ?? [] {
                    received += queue.statistics.received
                    dropped += queue.statistics.dropped
                }
            case .waiting: waiting += 1
            case .failed: failed += 1
            case .gone: break
            }
        }
    }
}
