// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import NetiControl

/// `neti-ctl top`.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what flows, live: rates, verdicts, held packets and latency.",
        discussion: """
            On a terminal the screen is drawn again after each interval; q quits, ? lists all keys. There are three views: \
            instances, events and hooks. They are sorted by the column that < and > choose, and / leaves only the lines \
            with some text.

              RECV/S     packets that the daemon read, a second
              PACKETS/S  packets that met the event
              CALLS/S    packets that the hook was called for
              PASS       the part of them that passed
              DROP/S     packets that a hook dropped
              LOST/S     packets that the kernel dropped because a queue, or the
                         buffer of its socket, was full
              HELD       packets that wait to be injected, or for a hook
              P50, P99   time from reading a packet to its verdict, within which
                         half of them, and 99 of 100, were done
              TREND      the rate in the last minutes, the newest on the right

            When standard output or input is no terminal, and with --batch, the same is written as lines after each \
            interval; with --once one time; with --json as one JSON object a line, rates in packets a second and times in \
            nanoseconds. NO_COLOR in the environment leaves out colours.

            Goes on while the daemon is started again. Ends with status 0 when quit or interrupted; as lines, with 1 when \
            the daemon goes.

            EXAMPLES
              neti-ctl top
              neti-ctl top --view hooks --filter blue
              neti-ctl top --once
              neti-ctl top --batch --interval 10 --count 6 > rates.txt
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Seconds between two looks, 0.1 to 3600.", valueName: "seconds"))
    var interval = 1.0

    @Option(name: .shortAndLong, help: ArgumentHelp("End after so many.", valueName: "number"))
    var count: Int?

    @Option(name: .shortAndLong, help: "What to begin with.")
    var view = TopView.instances

    @Option(name: .shortAndLong, help: ArgumentHelp("Only lines with this text.", valueName: "text"))
    var filter = ""

    @Flag(name: .shortAndLong, help: "Write lines, also on a terminal.")
    var batch = false

    @Flag(name: .long, help: "Write lines, one time.")
    var once = false

    @Flag(name: .long, help: "Write one JSON object a line, keys sorted.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("the interval is from 0.1 to 3600 seconds") }
        guard count ?? 1 >= 1 else { throw ValidationError("the count is 1 at least") }
    }

    func run() throws {
        var state = TopState()
        state.view = view
        state.interval = interval
        state.filter = filter
        if !batch, !once, !json, LiveTerminal.isThere {
            var session = TopSession(source: TopSource(path: connection.path), state: state, count: count)
            try connection.complaining { () throws(ControlClientError) in try session.run() }
        } else {
            try write(state)
        }
    }

    /// Writes lines until there were enough.
    private func write(_ state: TopState) throws {
        // Each write(2) is whole, so nothing is cut.
        signal(SIGINT) { _ in _exit(0) }
        var source = TopSource(path: connection.path)
        var isRead = true
        try connection.complaining { () throws(ControlClientError) in
            var before = try source.sample()
            var next = ContinuousClock.now
            var left = once ? 1 : count ?? .max
            while left > 0 {
                next += .seconds(interval)
                isRead = Terminal.isRead(until: next)
                guard isRead else { break }
                let now = try source.sample()
                let rates = TopRates(now, since: before)
                before = now
                left -= 1
                let text = json ? (try? jsonLine(TopReport(time: Date(), rates))) ?? "" : rates.text(state)
                guard Terminal.write(line: text) else { break }
            }
        }
        if !isRead { throw Terminal.brokenPipe() }
    }
}

/// One line of `--json`.
private struct TopReport: Encodable {
    /// In microseconds since 1970-01-01 00:00 UTC, as `neti-ctl monitor` tells it.
    let time: Int
    let rates: TopRates

    init(time: Date, _ rates: TopRates) {
        self.time = Int(time.timeIntervalSince1970 * 1_000_000)
        self.rates = rates
    }

    private enum CodingKeys: CodingKey {
        case time
    }

    func encode(to encoder: any Encoder) throws {
        try rates.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(time, forKey: .time)
    }
}

extension TopRates {
    /// A line with the sums, the table, and an empty line.
    func text(_ state: TopState) -> String {
        let parts = [
            Date().formatted(.iso8601), "received \(rateText(total.received))/s",
            "passed \(shareText(total.passedShare))", "dropped \(rateText(total.dropped))/s",
            "lost \(rateText(total.lost))/s", "held \(held)", "p50 \(latencyText(latency.percentile(0.5)))",
            "p99 \(latencyText(latency.percentile(0.99)))",
        ]
        let lines = state.select(state.view.lines(self)).map { $0.cells.map(\.text) }
        let table = Table(state.view.columns.map(\.column), lines).lines(width: Terminal.width)
        return ([parts.joined(separator: "  ")] + table + [""]).joined(separator: "\n")
    }
}
