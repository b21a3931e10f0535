// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import NetiControl

/// The live screen from its beginning to its end.
struct TopSession: ~Copyable {
    private var source: TopSource
    private var state: TopState
    private var left: Int
    private var history = TopHistory()
    private var before: TopSample?
    private var rates: TopRates?
    /// What the screen shows while it is paused.
    private var shown: (rates: TopRates?, history: TopHistory)?
    private var trouble: String?

    private let isUnicode = Locale.isUnicode
    private let isColoured = environment("NO_COLOR") == nil

    /// - Parameter count: how often to look; nil for ever.
    init(source: consuming TopSource, state: TopState, count: Int?) {
        self.source = source
        self.state = state
        left = count ?? .max
    }

    /// Runs until it is quit.
    ///
    /// - Throws: when there is no daemon from the start. Later ones are waited for.
    mutating func run() throws(ControlClientError) {
        before = try source.sample()
        guard LiveTerminal.begin() else { return }
        defer { LiveTerminal.finish() }
        // The second look comes soon, so that there is something to see.
        var next = MonotonicClock.now() + Int64(min(state.interval, 0.5) * 1e9)
        draw()
        while left > 0 {
            let wait = max(0, next - MonotonicClock.now())
            guard let bytes = LiveTerminal.read(within: CInt(clamping: (wait + 999_999) / 1_000_000)) else { return }
            var isDue = LiveTerminal.takeChange()
            for key in Key.keys(bytes) {
                let interval = state.interval
                switch state.take(key, page: screen.page) {
                case .quit: return
                case .draw: isDue = true
                case .nothing: break
                }
                if state.interval != interval { next = MonotonicClock.now() + Int64(state.interval * 1e9) }
            }
            if MonotonicClock.now() >= next {
                look()
                // What was late makes the next look late too, instead of many at once.
                next = max(next, MonotonicClock.now() - 1_000_000) + Int64(state.interval * 1e9)
                left -= 1
                isDue = true
            }
            if state.isPaused, shown == nil { shown = (rates, history) }
            if !state.isPaused { shown = nil }
            if isDue { draw() }
        }
    }

    private mutating func look() {
        do throws(ControlClientError) {
            let now = try source.sample()
            let rates = TopRates(now, since: before)
            before = now
            self.rates = rates
            trouble = nil
            var newest: [String: Double?] = [TopScreen.totalKey: rates.total.received]
            for view in TopView.allCases {
                for line in view.lines(rates) { newest.updateValue(line.rate, forKey: view.historyKey(line)) }
            }
            history.add(newest)
        } catch {
            trouble = "\(error)"
        }
    }

    private var screen: TopScreen {
        let (width, height) = Terminal.size ?? (80, 24)
        return TopScreen(width: width, height: height, isUnicode: isUnicode)
    }

    private mutating func draw() {
        let (rates, history) = shown ?? (rates, history)
        let screen = screen
        let lines = screen.lines(rates, history, &state, clock: Self.clock, trouble: trouble)
        Terminal.write(screen.drawing(lines, isColoured: isColoured), to: STDOUT_FILENO)
    }

    /// The time of day where the user is.
    private static var clock: String {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return unsafe "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}

/// The variable, unless it is empty.
private func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}

/// What the terminal's user has said about characters (locale(7)).
private enum Locale {
    static var isUnicode: Bool {
        let value = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? ""
        return ["UTF-8", "UTF8"].contains { value.uppercased().contains($0) }
    }
}
