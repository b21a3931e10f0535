// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NetiControl

/// Events as lines in columns. A column is as wide as what it had to hold so far, for nobody knows what will come.
struct MonitorRendering {
    /// The longest of the kinds' names.
    private static let kindWidth = 12

    private var instanceWidth = 8

    /// The line for the next event.
    mutating func line(_ event: Monitor.Event) -> String {
        let time = Date(timeIntervalSince1970: TimeInterval(event.time) / 1_000_000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let (kind, text) = event.kindAndText
        guard let instance = event.instance.map(printable) else {
            return text.isEmpty ? "\(time)  \(kind)" : "\(time)  \(column(kind, Self.kindWidth))  \(printable(text))"
        }
        instanceWidth = max(instanceWidth, instance.count)
        return "\(time)  \(column(kind, Self.kindWidth))  \(column(instance, instanceWidth))  \(printable(text))"
    }

    private func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension Monitor.Event {
    fileprivate var kindAndText: (kind: String, text: String) {
        if ready == true { return ("ready", "") }
        if let lost { return ("lost", "\(lost) event\(lost == 1 ? "" : "s")") }
        if let state {
            let number = netid.map { ", netid \($0)" } ?? ""
            return ("instance", state.rawValue + (reason.map { ": \($0)" } ?? number))
        }
        if let notification { return ("notification", notification.text) }
        if let nic { return ("nic", nic.text) }
        if let kstat { return ("kstat", kstat.text) }
        return ("unknown", "an event of a newer daemon")
    }
}

extension Monitor.Notification {
    fileprivate var text: String {
        "\(command.rawValue) " + [family, event, hook].compactMap(\.self).joined(separator: " ")
    }
}

extension Monitor.NICEvent {
    fileprivate var text: String {
        let parts: [String?] = [
            event, family, name ?? "?", "index \(index)", logicalInterface == 0 ? nil : "lif \(logicalInterface)",
            address,
            newIndex.map { "new index \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: " ")
    }
}

extension Monitor.KstatChange {
    fileprivate var text: String {
        let path = "\(action.rawValue) \(module):\(instance):\(name)"
        guard let statistic else { return path }
        return "\(path):\(statistic) \(old ?? "-") -> \(new ?? "-")"
    }
}
