// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// Kernel statistics as kstat(1M) prints them.
struct KstatSelection {
    /// One kstat and the names and values of it that are wanted, by name.
    struct Item {
        let kstat: ListKstats.Kstat
        let values: [(name: String, value: String)]
    }

    /// By netid, module, instance and name.
    let items: [Item]

    /// What any of the patterns wants. `crtime`, `snaptime` and `class` count as statistics.
    init(_ kstats: [ListKstats.Kstat], _ patterns: [KstatPattern]) {
        items =
            kstats
            .map { kstat in
                let wanting = patterns.filter { $0.selects(kstat) }
                let values = Self.values(of: kstat).filter { value in
                    wanting.contains { $0.selects(statistic: value.name) }
                }
                return Item(kstat: kstat, values: values)
            }
            .filter { !$0.values.isEmpty }
            .sorted { $0.order < $1.order }
    }

    private static func values(of kstat: ListKstats.Kstat) -> [(name: String, value: String)] {
        let own = kstat.statistics.map { ($0.name, kstat.shown($0)) }
        let common = [
            ("class", printable(kstat.class)), ("crtime", seconds(kstat.crtime)), ("snaptime", seconds(kstat.snaptime)),
        ]
        return (own + common).sorted { $0.0 < $1.0 }
    }

    /// A block for each kstat. The class stands in its head and is not repeated. A line tells the IP instance wherever
    /// another one begins, unless all are of the daemon's own.
    var blocks: [String] {
        var lines: [String] = []
        var netid = 0
        for item in items {
            let values = item.values.filter { $0.name != "class" }
            if values.isEmpty { continue }
            let kstat = item.kstat
            if kstat.netid != netid {
                netid = kstat.netid
                lines += ["netid:  \(netid)", ""]
            }
            lines.append("module: \(column(kstat.module))  instance: \(kstat.instance)")
            lines.append("name:   \(column(kstat.name))  class:    \(printable(kstat.class))")
            lines += values.map { "        \(column($0.name))  \($0.value)" }
            lines.append("")
        }
        return lines
    }

    /// `module:instance:name:statistic`, a tab, and the value, a line for each.
    var parseable: [String] {
        items.flatMap { item in item.values.map { "\(item.path):\(printable($0.name))\t\($0.value)" } }
    }

    /// The same without the values.
    var names: [String] {
        items.flatMap { item in item.values.map { "\(item.path):\(printable($0.name))" } }
    }

    /// What the daemon sent of it, for JSON.
    var reply: ListKstats.Reply {
        ListKstats.Reply(
            kstats: items.map { item in
                let wanted = Set(item.values.map(\.name))
                var kstat = item.kstat
                kstat.statistics.removeAll { !wanted.contains($0.name) }
                return kstat
            })
    }

    private func column(_ text: String) -> String {
        let text = printable(text)
        return text + String(repeating: " ", count: max(0, 30 - text.count))
    }
}

extension KstatSelection.Item {
    fileprivate var path: String { "\(printable(kstat.module)):\(kstat.instance):\(printable(kstat.name))" }

    fileprivate var order: (Int, String, Int, String) { (kstat.netid, kstat.module, kstat.instance, kstat.name) }
}

extension ListKstats.Kstat {
    /// The value of one of its statistics; in the types that have times, every int64 is one.
    fileprivate func shown(_ statistic: ListKstats.Statistic) -> String {
        if type == .io || type == .timer, statistic.type == .int64, let time = Int(statistic.value) {
            return seconds(time)
        }
        return printable(statistic.value)
    }
}

/// Nanoseconds as seconds with all nine places.
private func seconds(_ nanoseconds: Int) -> String {
    let (whole, part) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let places = String(part.magnitude)
    let sign = whole == 0 && part < 0 ? "-" : ""
    return sign + "\(whole)." + String(repeating: "0", count: 9 - places.count) + places
}
