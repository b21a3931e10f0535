// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// One picture of the live screen: what stands on each of its lines.
struct TopScreen {
    /// A piece of a line that looks the same throughout.
    struct Piece: Equatable {
        var text: String
        var look = Look.plain
    }

    enum Look {
        case plain, strong, weak, title, chosenTitle, alarm
    }

    typealias Line = [Piece]

    /// No trend is narrower than this, or wider.
    private static let trendWidths = 8...60

    let width: Int
    let height: Int
    /// Whether the terminal shows more than ASCII.
    let isUnicode: Bool

    /// Lines of the table that fit beside everything else.
    var page: Int { max(1, height - 7) }

    /// All lines, no more than there are and none wider than the screen.
    ///
    /// - Parameters:
    ///   - rates: what to show; nil before the second sample.
    ///   - clock: the time of day.
    ///   - trouble: why there is nothing new.
    func lines(
        _ rates: TopRates?, _ history: TopHistory, _ state: inout TopState, clock: String, trouble: String?
    ) -> [Line] {
        var lines = [head(rates, state, clock)]
        if state.isHelpShown {
            lines += [[]] + Self.help.map { [Piece(text: $0)] }
        } else {
            lines += totals(rates, history, trouble) + [[], tabs(state)]
            if let rates { lines += table(rates, history, &state) }
        }
        lines = Array(lines.prefix(max(0, height - 1)))
        lines += Array(repeating: [], count: max(0, height - 1 - lines.count)) + [foot(state)]
        return lines.map(fit)
    }

    private func head(_ rates: TopRates?, _ state: TopState, _ clock: String) -> Line {
        let hooks = Set(rates?.hooks.map { "\($0.netid) \($0.name)" } ?? []).count
        let instances = rates?.instances.count ?? 0
        let numbers = rates == nil ? "" : "\(count(instances, "instance")), \(count(hooks, "hook"))"
        let right = (state.isPaused ? "PAUSED   " : "") + "every \(secondsText(state.interval))   \(clock)"
        let gap = width - 14 - numbers.displayWidth - right.displayWidth
        return [
            Piece(text: "neti-ctl top", look: .strong), Piece(text: "  " + numbers),
            Piece(text: String(repeating: " ", count: max(2, gap)) + right, look: .weak),
        ]
    }

    private func totals(_ rates: TopRates?, _ history: TopHistory, _ trouble: String?) -> [Line] {
        if let trouble { return [[], [Piece(text: "trying again: " + printable(trouble), look: .alarm)]] }
        guard let rates else { return [[], [Piece(text: "waiting for the second look", look: .weak)]] }
        let label = "received " + left(rateText(rates.total.received) + "/s", 9)
        let room = max(0, min(TopHistory.limit, width - label.displayWidth - 2))
        let trend = Sparkline.text(history.rates(of: Self.totalKey), width: room, isUnicode: isUnicode)
        let age = rates.oldest.map { ", oldest \(latencyText($0 &* 1_000_000))" } ?? ""
        let (dropped, lost) = (rates.total.dropped ?? 0, rates.total.lost ?? 0)
        return [
            [
                Piece(text: "received "), Piece(text: left(rateText(rates.total.received) + "/s", 9), look: .strong),
                Piece(text: "  " + trend),
            ],
            [
                Piece(text: "passed   "), Piece(text: left(shareText(rates.total.passedShare), 9), look: .strong),
                Piece(text: "  dropped "),
                Piece(text: rateText(rates.total.dropped) + "/s", look: dropped >= 0.05 ? .alarm : .strong),
                Piece(text: "  lost "),
                Piece(text: rateText(rates.total.lost) + "/s", look: lost >= 0.05 ? .alarm : .strong),
                Piece(text: "  p50 "), Piece(text: latencyText(rates.latency.percentile(0.5)), look: .strong),
                Piece(text: "  p99 "), Piece(text: latencyText(rates.latency.percentile(0.99)), look: .strong),
                Piece(text: "  held "), Piece(text: "\(rates.held)", look: .strong), Piece(text: age),
            ],
        ]
    }

    private func tabs(_ state: TopState) -> Line {
        var line: Line = []
        for (number, view) in TopView.allCases.enumerated() {
            line.append(Piece(text: "\(number + 1) \(view.rawValue)", look: view == state.view ? .strong : .weak))
            line.append(Piece(text: "   "))
        }
        let column = state.sorting.column.map { state.view.columns[$0].column.title }
        line.append(
            Piece(
                text: (column.map { "by \($0)" } ?? "in the daemon's order")
                    + (state.sorting.isReversed ? ", reversed" : ""),
                look: .weak))
        if !state.filter.isEmpty || state.isTyping {
            line.append(Piece(text: "   filter: "))
            line.append(Piece(text: printable(state.filter) + (state.isTyping ? "_" : ""), look: .strong))
        }
        return line
    }

    private func table(_ rates: TopRates, _ history: TopHistory, _ state: inout TopState) -> [Line] {
        let lines = state.select(state.view.lines(rates))
        state.offset = max(0, min(state.offset, lines.count - page))
        let shown = lines.dropFirst(state.offset).prefix(page)
        // Widths are those of all lines, so that columns stand still while one scrolls.
        let all = Table(state.view.columns.map(\.column), lines.map { $0.cells.map(\.text) }).cells(width: width)
        let titles = all[0]
        let room = width - titles.reduce(0) { $0 + $1.displayWidth + 2 }
        let trendWidth = room >= Self.trendWidths.lowerBound ? min(room, Self.trendWidths.upperBound) : 0
        func row(_ pieces: [Piece], _ between: Look) -> Line {
            var line: Line = []
            for piece in pieces { line += [piece, Piece(text: "  ", look: between)] }
            return line.dropLast()
        }
        var result = [
            row(
                titles.indices.map { index in
                    Piece(text: titles[index], look: index == state.sorting.column ? .chosenTitle : .title)
                } + [Piece(text: trendWidth > 0 ? "TREND".fitted(columns: trendWidth) : "", look: .title)], .title)
        ]
        for (line, texts) in zip(shown, all.dropFirst(1 + state.offset)) {
            let trend = Sparkline.text(
                history.rates(of: state.view.historyKey(line)).suffix(trendWidth), width: trendWidth,
                isUnicode: isUnicode)
            result.append(
                row(
                    texts.indices.map { index in
                        Piece(text: texts[index], look: line.cells[index].isAlarming ? .alarm : .plain)
                    } + [Piece(text: trend)], .plain))
        }
        if lines.isEmpty {
            result.append([Piece(text: state.filter.isEmpty ? "none" : "nothing matches the filter", look: .weak)])
        }
        return result
    }

    private func foot(_ state: TopState) -> Line {
        if state.isTyping { return [Piece(text: "type to filter, Enter keeps it, Esc clears it", look: .weak)] }
        if state.isHelpShown { return [Piece(text: "any key leads back", look: .weak)] }
        return [
            Piece(text: "q quit   ? help   1 2 3 view   < > r sort   / filter   p pause   + - interval", look: .weak)
        ]
    }

    private func fit(_ line: Line) -> Line {
        var left = width
        var result: Line = []
        for piece in line where left > 0 && !piece.text.isEmpty {
            let text = piece.text.displayWidth <= left ? piece.text : piece.text.prefix(columns: left)
            left -= text.displayWidth
            result.append(Piece(text: text, look: piece.look))
        }
        return result
    }

    private func left(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// Under which the rates of all instances together are kept.
    static let totalKey = "total"

    private static let help = [
        "1 i   instances: what each one received, and what became of it",
        "2 e   events: packets that met each event's chain",
        "3 k   hooks: packets that each one was called for, in chain order",
        "Tab   the next of them",
        "",
        "< >   sort by the column to the left, to the right (also: arrow keys)",
        "r     the other way round",
        "o     the daemon's own order, in which packets meet hooks",
        "/     show only lines with some text; Esc shows all again",
        "",
        "up down PgUp PgDn Home End   move in a long list",
        "p     stand still, and go on",
        "+ -   look less often, more often",
        "q     quit",
        "",
        "PASS    part of the verdicts, or of a hook's packets, that passed",
        "LOST/S  packets that the kernel dropped because a queue was full",
        "HELD    packets that wait to be injected, or for a hook",
        "P50 P99 time from reading to verdict: half, 99 of 100 took no longer",
    ]
}

extension TopView {
    /// Under which the rates of a line are kept.
    func historyKey(_ line: TopLine) -> String { "\(rawValue) \(line.key)" }
}

/// Seconds with as few digits as they need.
func secondsText(_ seconds: Double) -> String {
    fixed(seconds, digits: seconds < 10 && seconds != seconds.rounded() ? 1 : 0) + " s"
}
