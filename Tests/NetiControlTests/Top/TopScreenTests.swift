// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Testing

@testable import neti_ctl

/// What stands on the screen.
struct TopScreenTests {
    private func lines(
        _ rates: TopRates?, _ width: Int, _ height: Int, _ state: TopState = TopState(),
        trouble: String? = nil
    ) -> [String] {
        var state = state
        var history = TopHistory()
        history.add([TopScreen.totalKey: 5, "instances 0 global": 7])
        return TopScreen(width: width, height: height, isUnicode: true)
            .lines(rates, history, &state, clock: "14:33:58", trouble: trouble).map { $0.map(\.text).joined() }
    }

    private func trimmed(_ lines: [String]) -> [String] {
        lines.map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    @Test func instances() {
        #expect(
            trimmed(lines(nil, 100, 5)) == [
                "neti-ctl top" + String(repeating: " ", count: 68) + "every 1 s   14:33:58", "",
                "waiting for the second look", "", lines(TopSamples.rates, 100, 12)[11],
            ])
        #expect(
            trimmed(lines(TopSamples.rates, 100, 12)) == [
                "neti-ctl top  3 instances, 4 hooks" + String(repeating: " ", count: 46) + "every 1 s   14:33:58",
                "received    1.0k/s" + String(repeating: " ", count: 81) + "█",
                "passed       80.0%  dropped 203/s  lost 3.0/s  p50 2.0us  p99 1.0ms  held 3, oldest 1.5s",
                "", "1 instances   2 events   3 hooks   by RECV/S",
                "INSTANCE  STATE  RECV/S   PASS  DROP/S  LOST/S  HELD    P50    P99  TREND",
                "global    up       1.0k  80.0%     200       0     0  2.0us  1.0ms" + String(repeating: " ", count: 33)
                    + "█",
                "blue      up         10  75.0%     2.5     3.0     3      -      -",
                "new       up          -      -       -       -     0      -      -",
                "", "",
                "q quit   ? help   1 2 3 view   < > r sort   / filter   p pause   + - interval",
            ])
    }

    @Test func everyViewFitsEightyColumns() {
        var sample = TopSamples.now
        for index in sample.instances.indices { sample.instances[index].name += String(repeating: "x", count: 60) }
        for index in sample.hooks.indices {
            sample.hooks[index].instance += String(repeating: "x", count: 60)
            sample.hooks[index].name += String(repeating: "y", count: 60)
        }
        for view in TopView.allCases {
            var state = TopState()
            state.view = view
            let titles = state.view.columns.map(\.column.title)
            let shown = lines(TopRates(sample, since: TopSamples.before), 80, 24, state)
            #expect(titles.allSatisfy { shown[5].contains($0) }, "\(shown[5])")
            #expect(shown[6].contains("~"))
        }
    }

    @Test func noLineIsWiderThanTheScreenAndNoneTooMany() {
        var states = TopView.allCases.map { view in
            var state = TopState()
            state.view = view
            state.filter = view == .events ? "日本" : ""
            return state
        }
        states[0].offset = .max
        states[1].isTyping = true
        states[2].isHelpShown = true
        for state in states {
            for (width, height) in [(1, 1), (7, 3), (20, 8), (79, 9), (80, 24), (300, 100), (0, 0)] {
                for trouble in [nil, "no daemon answers at /nowhere: \u{1b}[2J"] {
                    let shown = lines(TopSamples.rates, width, height, state, trouble: trouble)
                    #expect(shown.count == max(height, 1))
                    #expect(shown.allSatisfy { $0.displayWidth <= width })
                }
            }
        }
    }

    @Test("Control characters in names never reach the terminal")
    func namesCannotSteerTheTerminal() {
        let nasty = "a\u{1b}[2Jb\n\r\u{9b}1m\u{202e}\u{7}"
        var sample = TopSamples.now
        for index in sample.instances.indices { sample.instances[index].name = nasty }
        for index in sample.hooks.indices {
            sample.hooks[index].name = nasty
            sample.hooks[index].instance = nasty
            sample.hooks[index].event = nasty
            sample.hooks[index].family = nasty
            sample.hooks[index].module = nasty
        }
        for view in TopView.allCases {
            var state = TopState()
            state.view = view
            let screen = TopScreen(width: 120, height: 24, isUnicode: true)
            let shown = screen.lines(
                TopRates(sample, since: TopSamples.before), TopHistory(), &state, clock: "", trouble: nil)
            #expect(shown.joined().allSatisfy { piece in piece.text.unicodeScalars.allSatisfy(\.isPrintable) })
            let text = TopRates(sample, since: nil).text(state)
            #expect(text.unicodeScalars.allSatisfy { $0.isPrintable || $0 == "\n" })
            #expect(!text.contains("\u{1b}"))
        }
    }

    @Test func scrollingEndsAtTheLastLine() {
        var sample = TopSamples.now
        sample.instances = (0..<50).map {
            TopSamples.instance($0, "n\($0)", TopSamples.queue(received: $0, dropped: 0))
        }
        var state = TopState()
        _ = state.take(.character("o"), page: 3)
        _ = state.take(.end, page: 3)
        let shown = lines(TopRates(sample, since: nil), 80, 10, state)
        #expect(shown[6].hasPrefix("n47 ") && shown[8].hasPrefix("n49 "))
    }

    @Test func aDrawingErasesWhatShorterLinesLeave() {
        let screen = TopScreen(width: 3, height: 2, isUnicode: false)
        let drawing = screen.drawing([[.init(text: "abc")], [.init(text: "x", look: .alarm)]], isColoured: true)
        #expect(drawing == "\u{1b}[Habc\r\n\u{1b}[1;31mx\u{1b}[0m\u{1b}[K")
        #expect(
            screen.drawing([[.init(text: "x", look: .alarm)]], isColoured: false)
                == "\u{1b}[H\u{1b}[1mx\u{1b}[0m\u{1b}[K")
    }
}
