// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import NetiControl

/// `neti-ctl status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon as a whole.",
        discussion: """
            Version, process, how long it runs, its configuration file, the number of pump threads, instances and hooks, \
            how packets are sent to queues, and what became of all packets since the start. Then packets that hooks and \
            clients injected, how often one was refused (each time that it was tried), how many waited when their instance \
            ended, and which styles of 'neti-ctl inject' work here. One that doesn't answers -1 (net_inject), and stands there with the reason.

            EXAMPLES
              neti-ctl status
              neti-ctl status --json
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(GetStatus())) { reply, _ in reply.status.lines }
    }
}

extension GetStatus.Status {
    /// The status as a list.
    var lines: [String] {
        let start = Date(timeIntervalSince1970: TimeInterval(startTime)).formatted(.iso8601)
        let queueing =
            switch queueMechanism {
            case .native: "nftables' queue expression"
            case .compat: "the NFQUEUE target of xtables"
            case nil: "no rule yet"
            }
        return nameList(
            [
                ("version", version),
                ("process", "\(pid)"),
                ("running", "\(span(uptime)), since \(start)"),
                ("configuration", configuration ?? "none"),
                ("pumps", "\(pumps)"),
                ("instances", "\(instances)"),
                ("hooks", "\(hooks)" + (takenOff == 0 ? "" : ", and \(takenOff) taken off because of trouble")),
                ("queueing", queueing),
                ("received", "\(packets.received) packets"),
                ("passed", "\(packets.passed)"),
                ("dropped", "\(packets.dropped)"),
            ] + injection.lines + unsaved.map { ("not saved", $0.line) })
    }
}

extension GetStatus.InjectionStatus {
    /// For the same list.
    fileprivate var lines: [(name: String, value: String)] {
        let available = styles.filter { $0.unavailable == nil }.map(\.style.text)
        return [
            ("injected", "\(injected) packets, \(refused) refused, \(lost) lost with their instance"),
            ("styles", available.isEmpty ? "none" : available.joined(separator: ", ")),
        ]
            + styles.compactMap { entry in
                entry.unavailable.map { (entry.style.text, "not available: \($0)") }
            }
    }
}

/// A span of time in its two largest units: `1 d 2 h`, `5 min 0 s`.
func span(_ seconds: Int) -> String {
    switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
}
