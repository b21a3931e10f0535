// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How far a long run is, on one line of a terminal that is written again and again.
struct ProgressLine {
    /// What it shows.
    struct State: Equatable {
        /// Packets that the daemon was given.
        var offered = 0
        /// Those of them that it refused.
        var refused = 0
        /// Seconds since the first packet.
        var seconds = 0.0
        /// How much is done, from 0 to 1; nil where nobody knows.
        var fraction: Double?
    }

    /// Nothing is shown of runs that end sooner, in seconds.
    private static let patience = 1.0
    /// How often it is written, in seconds.
    private static let interval = 0.2

    /// Whether there is a terminal for it.
    private let isShown: Bool
    private var nextTime = Self.patience
    private var shownWidth = 0

    /// - Parameter isWanted: whether to show anything if standard error is a terminal.
    init(isWanted: Bool) {
        isShown = isWanted && isatty(STDERR_FILENO) == 1
    }

    /// Shows it if it is time for that.
    mutating func show(_ state: State) {
        guard isShown, state.seconds >= nextTime else { return }
        nextTime = state.seconds + Self.interval
        write(Self.text(state, width: (Terminal.width(of: STDERR_FILENO) ?? 80) - 1))
    }

    /// Removes it, so that something else can be written.
    mutating func clear() {
        guard shownWidth > 0 else { return }
        write("")
        Terminal.write("\r", to: STDERR_FILENO)
    }

    private mutating func write(_ text: String) {
        let blanks = String(repeating: " ", count: max(0, shownWidth - text.count))
        Terminal.write("\r" + text + blanks, to: STDERR_FILENO)
        shownWidth = text.count
    }

    /// The line, which has a bar where there is room for one.
    static func text(_ state: State, width: Int) -> String {
        let rate = state.seconds > 0 ? Double(state.offered) / state.seconds : 0
        var parts = [packets(state.offered), "\(fixed(rate, digits: rate < 100 ? 1 : 0))/s"]
        if state.refused > 0 { parts.append("\(state.refused) refused") }
        guard let fraction = state.fraction else { return String(parts.joined(separator: "  ").prefix(width)) }
        let percent = "\(Int(fraction * 100)) %"
        parts.append(String(repeating: " ", count: max(0, 5 - percent.count)) + percent)
        if fraction > 0 {
            let left = state.seconds * (1 - fraction) / fraction
            if left < 1e9 { parts.append("\(span(Int(left.rounded(.up)))) left") }
        }
        let text = parts.joined(separator: "  ")
        let room = min(40, width - text.count - 4)
        guard room >= 10 else { return String(text.prefix(width)) }
        let done = Int(fraction * Double(room))
        return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: room - done) + "]  " + text
    }
}
