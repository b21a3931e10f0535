// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// What the lines of the table stand for.
enum TopView: String, CaseIterable, ExpressibleByArgument {
    case instances, events, hooks

    /// Its columns, without the one that shows the trend.
    var columns: [TopColumn] {
        switch self {
        case .instances:
            [
                .text("INSTANCE"), .word("STATE"), .number("RECV/S"), .number("PASS"), .number("DROP/S"),
                .number("LOST/S"), .number("HELD"), .number("P50"), .number("P99"),
            ]
        case .events:
            [
                .text("INSTANCE"), .word("FAMILY"), .word("EVENT"), .number("HOOKS"), .number("PACKETS/S"),
                .number("PASS"), .number("DROP/S"),
            ]
        case .hooks:
            [
                .text("INSTANCE"), .word("FAMILY"), .word("EVENT"), .number("POS"), .text("NAME"), .text("MODULE"),
                .number("CALLS/S"), .number("PASS"), .number("DROP/S"),
            ]
        }
    }

    /// Its lines, in the daemon's order: that in which packets meet hooks.
    func lines(_ rates: TopRates) -> [TopLine] {
        switch self {
        case .instances: rates.instances.map(\.line)
        case .events: rates.events.map(\.line)
        case .hooks: rates.hooks.map(\.line)
        }
    }
}

/// A column of the table.
struct TopColumn {
    let column: Table.Column
    /// Whether sorting begins with the largest.
    let isLargestFirst: Bool

    static func text(_ title: String) -> Self { Self(column: .text(title), isLargestFirst: false) }
    static func word(_ title: String) -> Self { Self(column: .word(title), isLargestFirst: false) }
    static func number(_ title: String) -> Self {
        Self(column: .number(title), isLargestFirst: title != "POS")
    }
}

/// A line of the table.
struct TopLine {
    /// One cell: what is shown, and what it is sorted by.
    struct Cell {
        let text: String
        let order: Order
        /// Whether it tells of packets that went no further.
        var isAlarming = false

        static func text(_ text: String) -> Self { Self(text: text, order: .text(text)) }

        static func rate(_ rate: Double?) -> Self { Self(text: rateText(rate), order: .number(rate ?? -1)) }

        static func share(_ share: Double?) -> Self { Self(text: shareText(share), order: .number(share ?? -1)) }

        static func count(_ count: Int) -> Self { Self(text: "\(count)", order: .number(Double(count))) }

        static func latency(_ nanoseconds: Int?) -> Self {
            Self(text: latencyText(nanoseconds), order: .number(Double(nanoseconds ?? -1)))
        }

        /// A rate of which anything at all is worth a look.
        static func alarm(_ rate: Double?) -> Self {
            Self(text: rateText(rate), order: .number(rate ?? -1), isAlarming: (rate ?? 0) >= 0.05)
        }
    }

    enum Order {
        case number(Double)
        case text(String)

        /// Negative if this one comes first, 0 if both are the same.
        func compare(_ other: Self) -> Int {
            switch (self, other) {
            case (.number(let one), .number(let other)): one < other ? -1 : one > other ? 1 : 0
            case (.text(let one), .text(let other)): one < other ? -1 : one > other ? 1 : 0
            case (.number, .text): -1
            case (.text, .number): 1
            }
        }
    }

    /// What it is called from one sample to the next.
    let key: String
    let cells: [Cell]
    /// The rate that its trend shows.
    let rate: Double?

    /// Whether a cell holds the text, in any case.
    func matches(_ filter: String) -> Bool {
        let wanted = filter.lowercased()
        return wanted.isEmpty || cells.contains { $0.text.lowercased().contains(wanted) }
    }
}

extension TopRates.Instance {
    fileprivate var line: TopLine {
        TopLine(
            key: "\(netid) \(name)",
            cells: [
                .text(name),
                TopLine.Cell(text: state.rawValue, order: .text(state.rawValue), isAlarming: state == .failed),
                .rate(flow.received), .share(flow.passedShare), .alarm(flow.dropped), .alarm(flow.lost), .count(held),
                .latency(latency.percentile(0.5)), .latency(latency.percentile(0.99)),
            ], rate: flow.received)
    }
}

extension TopRates.Event {
    fileprivate var line: TopLine {
        TopLine(
            key: "\(netid) \(family) \(event)",
            cells: [
                .text(instance), .text(family), .text(event), .count(hooks), .rate(packets),
                .share(passedShare(of: packets, dropped)), .alarm(dropped),
            ], rate: packets)
    }
}

extension TopRates.Hook {
    fileprivate var line: TopLine {
        TopLine(
            key: "\(netid) \(family) \(event) \(name)",
            cells: [
                .text(instance), .text(family), .text(event), .count(position), .text(name), .text(module ?? "-"),
                .rate(packets), .share(passedShare(of: packets, dropped)), .alarm(dropped),
            ], rate: packets)
    }
}

/// The part that was not dropped. Both counters were read at the same time, but not at the same packet.
private func passedShare(of packets: Double?, _ dropped: Double?) -> Double? {
    share(of: dropped, in: packets).map { max(0, 1 - $0) }
}
