// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// What became of all packets, for the end.
struct InjectionSummary: Encodable, Equatable {
    /// Packets that the daemon accepted.
    var sent = 0
    /// What it refused, each reason once.
    var refusals: [Inject.Refusal] = []
    /// What was not offered to it.
    var skipped = SkippedFrames()
    /// From the first packet to the last answer.
    var seconds = 0.0
    /// Whether Ctrl-C brought the end.
    var isInterrupted = false

    /// Packets that the daemon refused.
    var refused: Int { refusals.reduce(0) { $0 + $1.count } }
    /// Packets that the daemon was given.
    var offered: Int { sent + refused }
    /// Packets a second that were accepted.
    var rate: Double { seconds > 0 ? Double(sent) / seconds : 0 }

    /// Adds what a call brought.
    mutating func add(accepted: Int, _ more: [Inject.Refusal]) {
        sent += accepted
        for refusal in more where refusal.count > 0 {
            if let known = refusals.firstIndex(where: { $0.reason == refusal.reason }) {
                refusals[known].count += refusal.count
            } else {
                refusals.append(refusal)
            }
        }
    }

    /// The text for people.
    var lines: [String] {
        let time = seconds < 60 ? "\(fixed(seconds, digits: seconds < 10 ? 3 : 1)) s" : span(Int(seconds))
        var first = "sent \(packets(sent)) in \(time)"
        if seconds > 0, sent > 1 { first += ", \(fixed(rate, digits: rate < 100 ? 1 : 0)) a second" }
        let passedOver = [(skipped.notIP, "no IP"), (skipped.cut, "captured in part")]
        let causes = passedOver.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return [first]
            + (refused > 0 ? ["refused \(refused)"] : [])
            + (causes.isEmpty ? [] : ["skipped " + causes.joined(separator: ", ")])
    }

    private enum CodingKeys: CodingKey {
        case sent, refused, refusals, skipped, seconds, packetsPerSecond, interrupted
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sent, forKey: .sent)
        try container.encode(refused, forKey: .refused)
        try container.encode(refusals, forKey: .refusals)
        try container.encode(skipped, forKey: .skipped)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(rate, forKey: .packetsPerSecond)
        try container.encode(isInterrupted, forKey: .interrupted)
    }
}

/// A number of packets in words.
func packets(_ count: Int) -> String { "\(count) packet\(count == 1 ? "" : "s")" }

/// A number, not negative, with so many digits behind the point.
func fixed(_ value: Double, digits: Int) -> String {
    let unit = (0..<digits).reduce(1) { unit, _ in unit * 10 }
    let scaled = Int((value * Double(unit)).rounded())
    if digits == 0 { return "\(scaled)" }
    let rest = "\(scaled % unit)"
    return "\(scaled / unit)." + String(repeating: "0", count: digits - rest.count) + rest
}
