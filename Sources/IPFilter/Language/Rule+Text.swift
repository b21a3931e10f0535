// SPDX-License-Identifier: Apache-2.0

import Packet

/// The canonical form: keywords in lower case, names of protocols, ports and ICMP types as numbers but for TCP, UDP and
/// the two ICMPs, masks as bits, flags with their mask. Reading it gives an equal rule.
extension Rule: CustomStringConvertible {
    /// The rule in its canonical form.
    public var description: String {
        var words = [action.rawValue]
        if action == .log, let log { words += log.words }
        words.append(direction.rawValue)
        if action != .log, let log { words += ["log"] + log.words }
        if isQuick { words.append("quick") }
        if let interface { words += ["on", Self.word(interface)] }
        if let family { words.append(family == .v4 ? "inet" : "inet6") }
        if let trafficClass { words += ["tos", "0x" + String(trafficClass, radix: 16)] }
        if let hopLimit { words += ["ttl", "\(hopLimit)"] }
        if let proto { words += ["proto", proto.description] }
        if source == Endpoint(), destination == Endpoint() {
            words.append("all")
        } else {
            words += ["from", source.description, "to", destination.description]
        }
        if let flags { words += ["flags", flags.description] }
        if let icmp { words += ["icmp-type", icmp.description] }
        return words.joined(separator: " ")
    }

    /// With a backslash before everything that could mean something.
    private static func word(_ name: String) -> String {
        String(name.flatMap { $0.isLetter || $0.isNumber || "-_.".contains($0) ? [$0] : ["\\", $0] })
    }
}

extension LogOption {
    fileprivate var words: [String] {
        var words: [String] = []
        if includesBody { words.append("body") }
        if firstOnly { words.append("first") }
        if orBlock { words.append("or-block") }
        if let priority { words += ["level", (facility.map { $0 + "." } ?? "") + priority] }
        return words
    }
}

extension ProtocolTest: CustomStringConvertible {
    /// A name or a number, as after `proto`.
    public var description: String {
        switch self {
        case .tcpOrUDP: "tcp/udp"
        case .number(.tcp): "tcp"
        case .number(.udp): "udp"
        case .number(.icmp): "icmp"
        case .number(.icmpV6): "ipv6-icmp"
        case .number(let number): "\(number.rawValue)"
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// Address and port test, as after `from`.
    public var description: String {
        let address = (isNegated ? "!" : "") + (network?.description ?? "any")
        return port.map { "\(address) port \($0)" } ?? address
    }
}

extension PortTest: CustomStringConvertible {
    /// Operator and numbers, as after `port`.
    public var description: String {
        switch self {
        case .equal(let port): "= \(port)"
        case .notEqual(let port): "!= \(port)"
        case .less(let port): "< \(port)"
        case .lessOrEqual(let port): "<= \(port)"
        case .greater(let port): "> \(port)"
        case .greaterOrEqual(let port): ">= \(port)"
        case .between(let low, let high): "\(low) >< \(high)"
        case .outside(let low, let high): "\(low) <> \(high)"
        case .range(let low, let high): "\(low):\(high)"
        }
    }
}

extension FlagsTest: CustomStringConvertible {
    /// Letters, slash, letters, as after `flags`.
    public var description: String {
        func letters(_ flags: TCPFlags) -> String {
            String(Names.flagLetters.filter { flags.contains($0.flag) }.map(\.letter))
        }
        return letters(flags) + "/" + letters(mask)
    }
}

extension ICMPTest: CustomStringConvertible {
    /// Numbers, as after `icmp-type`.
    public var description: String {
        code.map { "\(type) code \($0)" } ?? "\(type)"
    }
}
