// SPDX-License-Identifier: Apache-2.0

import Packet

// all | [from END] [to END], with END = [!]ADDRESS [port ...] | port ...

/// An address test and where it stands, for messages that compare two of them.
struct AddressTest {
    var network: IPNetwork?
    var isNegated = false
    var location: SourceLocation
}

extension Parser {
    mutating func parseAddresses(_ draft: inout RuleDraft) throws(Complaint) {
        if accept("all") {
            lastClause = .addresses
            return
        }
        if accept("from") {
            lastClause = .addresses
            (draft.sources, draft.sourcePorts) = try parseEndpoint(draft.rule)
        }
        if accept("to") {
            lastClause = .addresses
            (draft.destinations, draft.destinationPorts) = try parseEndpoint(draft.rule)
        }
        try draft.checkFamilies()
    }

    private mutating func parseEndpoint(_ rule: Rule) throws(Complaint) -> ([AddressTest], [PortTest?]) {
        var addresses = [AddressTest(location: peek.location)]
        tried.append("an address")
        let isPortOnly = peek.keyword == "port"
        if !isPortOnly {
            let isNegated = accept(sign: "!")
            if isNegated, beginsList { throw complaint("'!' before a list is not supported yet") }
            // (IF)/32
            if beginsList, peekAhead(2).text == ")", peekAhead(3).text.hasPrefix("/") {
                throw complaint("addresses of an interface are not supported yet")
            }
            addresses = try parseList { parser throws(Complaint) in
                var test = try parser.parseAddress(family: rule.family)
                test.isNegated = isNegated
                return test
            }
        }
        let port = peek.location
        guard accept("port") else { return (addresses, [nil]) }
        switch rule.proto {
        case nil, .tcpOrUDP, .number(.tcp), .number(.udp): break
        case .number:
            throw Complaint(location: port, message: "a port test needs 'proto tcp', 'udp' or 'tcp/udp', or no 'proto'")
        }
        return (addresses, try parsePorts(for: rule.proto))
    }

    private mutating func parseAddress(family: IPVersion?) throws(Complaint) -> AddressTest {
        let location = peek.location
        tried += ["an address", "'any'"]
        guard peek.kind == .word || peek.kind == .literal else { throw unexpected() }
        if accept("any") { return AddressTest(location: location) }
        let network = try parseNetwork()
        if let family, family != network.version {
            let name = family == .v4 ? "inet" : "inet6"
            throw Complaint(location: location, message: "'\(network)' can't match in an '\(name)' rule")
        }
        return AddressTest(network: network, location: location)
    }

    /// `ADDRESS`, `ADDRESS/MASK` or `ADDRESS mask MASK`.
    private mutating func parseNetwork() throws(Complaint) -> IPNetwork {
        let token = peek
        let parts = token.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let hasMask = parts.count == 2 || peekAhead(1).keyword == "mask"
        guard let address = IPAddress(parts[0]) ?? (hasMask ? Self.shortened(parts[0]) : nil) else {
            throw complaint(notAnAddress(parts[0], mask: parts.count == 2 ? parts[1] : nil))
        }
        _ = take()
        if parts.count == 2 {
            // The mask stands behind the address and the slash.
            let column = token.location.column + parts[0].unicodeScalars.count + 1
            return try network(
                address, mask: parts[1], at: SourceLocation(line: token.location.line, column: column))
        }
        guard accept("mask") else { return IPNetwork(host: address) }
        let mask = try takeValue("a mask")
        return try network(address, mask: mask.text, at: mask.location)
    }

    private func network(
        _ address: IPAddress, mask: String, at location: SourceLocation
    ) throws(Complaint) -> IPNetwork {
        let version = address.version
        if mask.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
            if let bits = Int(mask), let network = IPNetwork(address, prefixLength: bits) { return network }
            throw Complaint(
                location: location, message: "expected a mask from 0 to \(version.addressBits) bits, found '\(mask)'")
        }
        var value = IPAddress(mask)
        if version == .v4, mask.lowercased().hasPrefix("0x"), let bits: UInt32 = Self.number(mask) {
            value = IPAddress(v4: bits)
        }
        guard let value, value.version == version else {
            throw Complaint(location: location, message: "expected a mask in bits or as an address, found '\(mask)'")
        }
        guard let bits = IPNetwork.prefixLength(ofMask: value), let network = IPNetwork(address, prefixLength: bits)
        else {
            throw Complaint(location: location, message: "expected a mask whose ones are all in front, found '\(mask)'")
        }
        return network
    }

    /// `10` for 10.0.0.0 and so on: the missing numbers are 0. Only together with a mask; alone it would look like a
    /// host.
    private static func shortened(_ text: String) -> IPAddress? {
        let dots = text.utf8.count { $0 == UInt8(ascii: ".") }
        guard dots < 3 else { return nil }
        return IPAddress(text + String(repeating: ".0", count: 3 - dots))
    }

    /// The message for a word where an address is due.
    private func notAnAddress(_ text: String, mask: String?) -> String {
        let lowered = text.lowercased()
        if lowered == "pool" || lowered == "hash" { return "address pools are not supported yet" }
        if let mask, ["broadcast", "network", "netmasked", "peer"].contains(mask.lowercased()) {
            return "addresses of an interface are not supported yet"
        }
        let isNumeric = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        if isNumeric, Self.shortened(text) != nil {
            let bits = 8 + 8 * text.utf8.count { $0 == UInt8(ascii: ".") }
            return "a shortened address needs a mask, as in '\(text)/\(bits)'"
        }
        let isName = !isNumeric && !text.contains(":") && !text.contains("%") && text.contains(where: \.isLetter)
        if isName, !peek.startsLine {
            return "host names are not supported yet: expected an address, found \(peek.quoted)"
        }
        return "expected an address, found \(peek.quoted)"
    }
}
