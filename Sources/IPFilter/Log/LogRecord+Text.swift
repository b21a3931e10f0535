// SPDX-License-Identifier: Apache-2.0

import Packet

/// A line for a log, with the level that its rule asks for.
public struct LogLine: Hashable, Sendable {
    /// The text, without a line end; `log body` adds lines with the bytes.
    public var text: String

    /// Syslog facility of the rule's `level`, if given.
    public var facility: String?

    /// Syslog priority of the rule's `level`, if given.
    public var priority: String?
}

extension LogRecord {
    /// The line that ipmon(8) prints: time (UTC), interface, `@group:rule`, letter, addresses, protocol, lengths,
    /// flags or ICMP type, direction.
    ///
    /// - Parameters:
    ///   - rule: the number to print, the first is 1.
    ///   - interface: the interface's name, nil if it has none any more.
    func text(rule: Int, interface: String?) -> String {
        var words = [Self.timestamp(time)]
        if let interface {
            words.append(interface)
        } else if self.interface != 0 {
            words.append("if\(self.interface)")
        }
        words += ["@0:\(rule)", letter, end(source, ports?.source), "->", end(destination, ports?.destination)]
        words += ["PR", protocolName, "len", "\(headerLength)", "\(totalLength)"]
        if fragment.offset > 0 || fragment.moreFollow {
            words += ["frag", "\(totalLength - headerLength)\(fragment.moreFollow ? "+" : "")@\(fragment.offset)"]
        }
        if let flags { words.append("-" + FlagsTest(flags: flags).description.prefix { $0 != "/" }) }
        if let icmp { words += ["icmp", "\(icmp.type)/\(icmp.code ?? 0)"] }
        words.append(direction == .in ? "IN" : "OUT")
        return ([words.joined(separator: " ")] + bodyLines).joined(separator: "\n")
    }

    private var letter: String {
        switch verdict {
        case _ where isShort: "S"
        case .passed: "p"
        case .blocked: "b"
        case .logged: "L"
        }
    }

    private func end(_ address: IPAddress, _ port: UInt16?) -> String {
        port.map { "\(address),\($0)" } ?? "\(address)"
    }

    private var protocolName: String { ProtocolTest.number(proto).description }

    /// Sixteen bytes a line, in hexadecimal.
    private var bodyLines: [String] {
        stride(from: 0, to: body.count, by: 16).map { start in
            let bytes = body[start..<min(start + 16, body.count)]
            return "    " + bytes.map { Self.padded(Int($0), 2, radix: 16) }.joined(separator: " ")
        }
    }

    /// Year, month and day from the days since 1970 in the Gregorian calendar, whose years begin in March here, so that
    /// the leap day is the last one.
    private static func timestamp(_ time: UInt64) -> String {
        let seconds = Int(time / 1_000_000_000)
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let clock = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return "\(date)T\(clock.joined(separator: ":")).\(padded(Int(time / 1_000 % 1_000_000), 6))Z"
    }

    private static func padded(_ value: Int, _ width: Int, radix: Int = 10) -> String {
        let digits = String(value, radix: radix)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
