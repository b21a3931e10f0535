// SPDX-License-Identifier: Apache-2.0

// port OP n | port a >< b | port a <> b | port a:b | port = {n, a:b, ...}

extension Parser {
    mutating func parsePorts(for proto: ProtocolTest?) throws(Complaint) -> [PortTest?] {
        let location = peek.location
        tried.append("a port operator")
        guard let sign = takePortOperator() else {
            tried += ["a port range"]
            return [try parsePortOrRange(for: proto, isRangeRequired: true)]
        }
        if sign == "=" {
            return try parseList { parser throws(Complaint) in
                try parser.parsePortOrRange(for: proto, isRangeRequired: false)
            }
        }
        let port = try parsePort(for: proto)
        switch sign {
        case "!=": return [.notEqual(port)]
        case "<" where port > 0: return [.less(port)]
        case "<": throw Complaint(location: location, message: "no port is below 0")
        case "<=": return [.lessOrEqual(port)]
        case ">" where port < .max: return [.greater(port)]
        case ">": throw Complaint(location: location, message: "no port is above 65535")
        default: return [.greaterOrEqual(port)]
        }
    }

    private mutating func takePortOperator() -> String? {
        if peek.kind == .sign, ["=", "!=", "<", "<=", ">", ">="].contains(peek.text) { return take().text }
        guard let word = peek.keyword, let sign = Names.portOperators[word] else { return nil }
        _ = take()
        return sign
    }

    private mutating func parsePortOrRange(
        for proto: ProtocolTest?, isRangeRequired: Bool
    ) throws(Complaint) -> PortTest {
        let location = peek.location
        let token = try takeValue("a port")
        let parts = token.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let first = try port(parts[0], at: token, for: proto)
        if parts.count == 2 {
            let second = parts[1].isEmpty ? try parsePort(for: proto) : try port(parts[1], at: token, for: proto)
            return try Self.range(first, second, at: location)
        }
        if peek.kind == .word, peek.text.hasPrefix(":") {
            let rest = take()
            let text = String(rest.text.dropFirst())
            let second = text.isEmpty ? try parsePort(for: proto) : try port(text, at: rest, for: proto)
            return try Self.range(first, second, at: location)
        }
        guard isRangeRequired else { return .equal(first) }
        tried += ["'><'", "'<>'", "':'"]
        if accept(sign: "><") {
            let second = try parsePort(for: proto)
            guard Int(first) + 1 < Int(second) else {
                throw Complaint(location: location, message: "no port lies between \(first) and \(second)")
            }
            return .between(first, second)
        }
        if accept(sign: "<>") {
            let second = try parsePort(for: proto)
            guard first <= second else {
                throw Complaint(
                    location: location, message: "expected the lower port first, found '\(first) <> \(second)'")
            }
            guard first > 0 || second < .max else {
                throw Complaint(location: location, message: "no port lies outside \(first) and \(second)")
            }
            return .outside(first, second)
        }
        throw unexpected()
    }

    private static func range(
        _ first: UInt16, _ second: UInt16, at location: SourceLocation
    ) throws(Complaint) -> PortTest {
        guard first <= second else {
            throw Complaint(
                location: location, message: "expected a range from low to high, found '\(first):\(second)'")
        }
        return .range(first, second)
    }

    private mutating func parsePort(for proto: ProtocolTest?) throws(Complaint) -> UInt16 {
        let token = try takeValue("a port")
        return try port(token.text, at: token, for: proto)
    }

    private func port(_ text: String, at token: Token, for proto: ProtocolTest?) throws(Complaint) -> UInt16 {
        if let number: UInt16 = Self.number(text) { return number }
        let message: String
        switch services.port(text, for: proto) {
        case .port(let port): return port
        case .differs(let tcp, let udp):
            message = "service '\(text)' is port \(tcp) in TCP and \(udp) in UDP; add 'proto' or write the number"
        case .unknown:
            var printable = token
            printable.text = text
            let suffix = if case .number? = proto, let proto { " of \(proto)" } else { "" }
            message = "expected a port from 0 to 65535 or a service name\(suffix), found \(printable.quoted)"
        }
        throw Complaint(location: token.location, message: message)
    }
}
