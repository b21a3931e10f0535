// SPDX-License-Identifier: Apache-2.0

import Packet

// [flags X[/M]] [icmp-type T [code C]]

extension Parser {
    mutating func parseFlags(_ draft: inout RuleDraft) throws(Complaint) {
        let location = peek.location
        guard accept("flags") else { return }
        lastClause = .flags
        guard draft.rule.proto == .number(.tcp) else {
            throw Complaint(location: location, message: "'flags' needs 'proto tcp'")
        }
        let token = try takeValue("TCP flags such as 'S' or 'S/SA'")
        let parts = token.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let flags = try flags(parts[0], at: token.location)
        guard parts.count == 2 else {
            guard !token.text.isEmpty else { throw Complaint(location: token.location, message: "no flag is given") }
            draft.rule.flags = try checked(FlagsTest(flags: flags), at: token)
            return
        }
        let column = token.location.column + parts[0].unicodeScalars.count + 1
        let mask = try self.flags(parts[1], at: SourceLocation(line: token.location.line, column: column))
        draft.rule.flags = try checked(FlagsTest(flags: flags, mask: mask), at: token)
    }

    private func checked(_ test: FlagsTest, at token: Token) throws(Complaint) -> FlagsTest {
        guard !test.mask.isEmpty else {
            throw Complaint(
                location: token.location, message: "expected a mask with flags in it, found \(token.quoted)")
        }
        guard test.mask.isSuperset(of: test.flags) else {
            let outside = FlagsTest(flags: test.flags.subtracting(test.mask)).description.prefix { $0 != "/" }
            throw Complaint(
                location: token.location,
                message:
                    "never matches: flag '\(outside)' is not in the mask '\(test.description.split(separator: "/").last ?? "")'"
            )
        }
        return test
    }

    /// Letters, or one number for the whole byte.
    private func flags(_ text: String, at location: SourceLocation) throws(Complaint) -> TCPFlags {
        if let first = text.utf8.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first {
            guard let value: UInt8 = Self.number(text) else {
                throw Complaint(location: location, message: "expected flags from 0 to 255, found '\(text)'")
            }
            return TCPFlags(rawValue: value)
        }
        var flags: TCPFlags = []
        for (offset, letter) in text.enumerated() {
            guard let known = Names.flagLetters.first(where: { $0.letter == letter }) else {
                let place = SourceLocation(line: location.line, column: location.column + offset)
                let shown = Token(kind: .word, text: String(letter), location: place, startsLine: false)
                throw Complaint(
                    location: place, message: "expected a TCP flag of 'FSRPAUEC', found \(shown.quoted)")
            }
            flags.insert(known.flag)
        }
        return flags
    }

    // MARK: ICMP

    mutating func parseICMP(_ draft: inout RuleDraft) throws(Complaint) {
        let location = peek.location
        guard accept("icmp-type") else { return }
        lastClause = .icmp
        let version = try draft.icmpFamily(at: location)
        draft.icmpTypes = try parseList { parser throws(Complaint) in try parser.parseICMPType(version) }
        guard accept("code") else { return }
        draft.icmpCodes = try parseList { parser throws(Complaint) in try parser.parseICMPCode(version) }
    }

    private mutating func parseICMPType(_ version: IPVersion) throws(Complaint) -> UInt8? {
        let token = try takeValue("an ICMP type, as a name or a number from 0 to 255")
        guard let known = Names.icmpTypes[token.text.lowercased()] else {
            return try number(token, "an ICMP type, as a name or a number from 0 to 255")
        }
        guard let type = version == .v4 ? known.v4 : known.v6 else {
            let name = version == .v4 ? "ICMP" : "ICMPv6"
            throw Complaint(location: token.location, message: "\(name) has no type \(token.quoted)")
        }
        return type
    }

    private mutating func parseICMPCode(_ version: IPVersion) throws(Complaint) -> UInt8? {
        let token = try takeValue("an ICMP code, as a name or a number from 0 to 255")
        guard let code = Names.unreachableCodes[token.text.lowercased()] else {
            return try number(token, "an ICMP code, as a name or a number from 0 to 255")
        }
        guard version == .v4 else {
            throw Complaint(
                location: token.location,
                message: "ICMPv6 has no code \(token.quoted); expected a number from 0 to 255")
        }
        return code
    }
}
