// SPDX-License-Identifier: Apache-2.0

import Packet

// ACTION in|out [log ...] [quick] [on IF] [family] [tos N] [ttl N] [proto P]

extension Parser {
    mutating func parseActionAndDirection() throws(Complaint) -> RuleDraft {
        let location = peek.location
        guard let action = acceptOne(of: Rule.Action.allCases) else { throw unexpected() }
        let log = action == .log ? try parseLogOptions() : nil
        guard let direction = acceptOne(of: Rule.Direction.allCases) else { throw unexpected() }
        lastClause = .direction
        var draft = RuleDraft(Rule(action, direction, location: location))
        draft.rule.log = log
        return draft
    }

    private mutating func acceptOne<Word: RawRepresentable<String>>(of words: [Word]) -> Word? {
        for word in words where accept(word.rawValue) { return word }
        return nil
    }

    /// In any order, each at most once.
    mutating func parseOptions(_ draft: inout RuleDraft) throws(Complaint) {
        while true {
            let word = peek
            if peek.keyword == "log", logBeginsRule { return }
            if accept("log") {
                guard draft.rule.log == nil else { throw Self.twice(word) }
                guard draft.rule.action != .count else {
                    throw Complaint(
                        location: word.location, message: "a 'count' rule can't log; use 'log' as its action")
                }
                draft.rule.log = try parseLogOptions()
            } else if accept("quick") {
                guard !draft.rule.isQuick else { throw Self.twice(word) }
                draft.rule.isQuick = true
            } else if accept("on") {
                guard draft.interfaces == [nil] else { throw Self.twice(word) }
                try parseInterfaces(&draft)
            } else {
                return
            }
            lastClause = .options
        }
    }

    /// Behind `on`.
    mutating func parseInterfaces(_ draft: inout RuleDraft) throws(Complaint) {
        draft.interfaces = try parseList { parser throws(Complaint) in try parser.parseInterface() }
        guard !(peek.kind == .sign && peek.text == ",") else {
            throw complaint("a second interface for replies is not supported yet")
        }
        lastClause = .options
    }

    private static func twice(_ token: Token) -> Complaint {
        Complaint(location: token.location, message: "'\(token.text.lowercased())' is given twice")
    }

    private mutating func parseLogOptions() throws(Complaint) -> LogOption {
        var option = LogOption()
        while true {
            let word = peek
            if accept("body") {
                guard !option.includesBody else { throw Self.twice(word) }
                option.includesBody = true
            } else if accept("first") {
                guard !option.firstOnly else { throw Self.twice(word) }
                option.firstOnly = true
            } else if accept("or-block") {
                guard !option.orBlock else { throw Self.twice(word) }
                option.orBlock = true
            } else if accept("level") {
                guard option.priority == nil else { throw Self.twice(word) }
                (option.facility, option.priority) = try parseLevel()
            } else {
                return option
            }
        }
    }

    private mutating func parseLevel() throws(Complaint) -> (facility: String?, priority: String) {
        let token = try takeValue("a syslog level such as 'local0.warn'")
        let parts = token.text.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let priority = parts.last, Names.priorities.contains(priority) else {
            throw Complaint(
                location: token.location,
                message: "expected a syslog priority such as 'local0.warn' or 'info', found \(token.quoted)")
        }
        guard parts.count == 2 else { return (nil, priority) }
        guard Names.facilities.contains(parts[0]) else {
            throw Complaint(
                location: token.location, message: "expected a syslog facility such as 'local0', found '\(parts[0])'")
        }
        return (parts[0], priority)
    }

    /// Linux takes up to 15 bytes without slash, colon or blank (`dev_valid_name` in net/core/dev.c).
    private mutating func parseInterface() throws(Complaint) -> String? {
        let token = try takeValue("an interface name")
        let name = token.text
        guard !name.isEmpty, name.utf8.count <= 15, name != ".", name != "..",
            !name.contains(where: { $0 == "/" || $0 == ":" || $0.isWhitespace })
        else {
            throw Complaint(
                location: token.location,
                message: "expected an interface name of up to 15 characters without '/' and ':', found \(token.quoted)")
        }
        return name
    }

    // MARK: Family, tos, ttl, protocol

    mutating func parseHeaderTests(_ draft: inout RuleDraft) throws(Complaint) {
        try parseFamily(&draft.rule)
        if accept("tos") {
            lastClause = .trafficClass
            draft.trafficClasses = try parseList { parser throws(Complaint) in try parser.parseByte("a 'tos' value") }
        }
        if accept("ttl") {
            lastClause = .hopLimit
            draft.hopLimits = try parseList { parser throws(Complaint) in try parser.parseByte("a 'ttl' value") }
        }
        if accept("proto") {
            lastClause = .proto
            draft.rule.proto = try parseProtocol()
        }
    }

    private mutating func parseFamily(_ rule: inout Rule) throws(Complaint) {
        if accept("inet") {
            rule.family = .v4
        } else if accept("inet6") {
            rule.family = .v6
        } else if accept("family") {
            if accept("inet") {
                rule.family = .v4
            } else if accept("inet6") {
                rule.family = .v6
            } else {
                throw unexpected()
            }
        } else {
            return
        }
        lastClause = .family
    }

    private mutating func parseByte(_ what: String) throws(Complaint) -> UInt8? {
        try number(takeValue("\(what) from 0 to 255"), "\(what) from 0 to 255")
    }

    private mutating func parseProtocol() throws(Complaint) -> ProtocolTest {
        guard !beginsList else { throw complaint("'proto' takes no list; write 'tcp/udp' or two rules") }
        let token = try takeValue("a protocol name, a number from 0 to 255 or 'tcp/udp'")
        switch token.text.lowercased() {
        case "tcp/udp", "tcp-udp": return .tcpOrUDP
        case "udp/tcp", "udp-tcp":
            throw Complaint(location: token.location, message: "expected 'tcp/udp', found \(token.quoted)")
        case let name:
            if let known = Names.protocols[name] { return .number(.init(rawValue: known)) }
            let value: UInt8 = try number(token, "a protocol name, a number from 0 to 255 or 'tcp/udp'")
            return .number(.init(rawValue: value))
        }
    }
}
