// SPDX-License-Identifier: Apache-2.0

import IPFilter
import SystemPackage
import Testing

struct RuleRefusalTests {
    /// What is written, line and column of the complaint, and its words.
    static let refusals: [(String, Int, Int, String)] = [
        // What the original lets pass
        ("pass in from 192.0.2.1/33", 1, 24, "expected a mask from 0 to 32 bits, found '33'"),
        ("pass in from 2001:db8::/129", 1, 25, "expected a mask from 0 to 128 bits, found '129'"),
        (
            "pass in proto 256 all", 1, 15, "expected a protocol name, a number from 0 to 255 or 'tcp/udp', found '256'"
        ),
        ("pass in tos 256 all", 1, 13, "expected a 'tos' value from 0 to 255, found '256'"),
        ("pass in ttl 256 all", 1, 13, "expected a 'ttl' value from 0 to 255, found '256'"),
        ("pass in proto tcp all flags X", 1, 29, "expected a TCP flag of 'FSRPAUEC', found 'X'"),
        ("pass in proto tcp all flags S/SX", 1, 32, "expected a TCP flag of 'FSRPAUEC', found 'X'"),
        ("pass in proto tcp all flags s", 1, 29, "expected a TCP flag of 'FSRPAUEC', found 's'"),
        ("pass in from any port 5:1", 1, 23, "expected a range from low to high, found '5:1'"),
        (
            "pass in from 192.0.2.1 to 2001:db8::1", 1, 27,
            "never matches: an IPv4 source with an IPv6 destination"
        ),
        (
            "pass in from {2001:db8::1} to {2001:db8::2 192.0.2.1}", 1, 44,
            "never matches: an IPv6 source with an IPv4 destination"
        ),
        ("pass in inet from 2001:db8::1", 1, 19, "'2001:db8::1/128' can't match in an 'inet' rule"),
        ("pass in inet6 from any to 10/8", 1, 27, "'10.0.0.0/8' can't match in an 'inet6' rule"),
        (
            "pass in from 192.0.2.1/255.0.255.0", 1, 24,
            "expected a mask whose ones are all in front, found '255.0.255.0'"
        ),
        (
            "pass in from 192.0.2.1 mask 0x00ffffff", 1, 29,
            "expected a mask whose ones are all in front, found '0x00ffffff'"
        ),
        ("pass in quick quick all", 1, 15, "'quick' is given twice"),
        ("pass in on eth0 on eth1 all", 1, 17, "'on' is given twice"),
        ("pass in log quick log all", 1, 19, "'log' is given twice"),
        ("pass in log body body all", 1, 18, "'body' is given twice"),
        ("log in log all", 1, 8, "'log' is given twice"),
        ("pass in proto tcp proto udp all", 1, 19, "'proto' is given twice"),
        ("pass in all all", 1, 13, "'all' is given twice"),
        // Shape
        ("blok in all", 1, 1, "expected 'pass', 'block', 'log' or 'count', found 'blok'"),
        ("\"pass\" in all", 1, 1, "expected 'pass', 'block', 'log' or 'count', found \"pass\""),
        ("\\pass in all", 1, 1, "expected 'pass', 'block', 'log' or 'count', found \"pass\""),
        ("pass all", 1, 6, "expected 'in' or 'out', found 'all'"),
        ("pass", 1, 5, "expected 'in' or 'out', found the end of the file"),
        ("pass\n\n# nothing more\n", 1, 5, "expected 'in' or 'out', found the end of the file"),
        ("log quick in all", 1, 5, "expected 'body', 'first', 'or-block', 'level', 'in' or 'out', found 'quick'"),
        (
            "pass in fast", 1, 9,
            "expected 'log', 'quick', 'on', 'inet', 'inet6', 'family', 'tos', 'ttl', 'proto', 'all', 'from', 'to', "
                + "'flags', 'icmp-type' or the next rule, found 'fast'"
        ),
        ("pass in all , block", 1, 13, "expected 'flags', 'icmp-type' or the next rule, found ','"),
        ("pass in proto tcp tos 3 all", 1, 19, "'tos' must come before 'proto'"),
        ("pass in proto tcp from any to any quick", 1, 35, "'quick' must come before the addresses"),
        ("pass in proto tcp all flags S proto tcp", 1, 31, "'proto' must come before 'flags'"),
        ("pass in inet quick", 1, 14, "'quick' must come before the family"),
        ("pass in on", 1, 11, "expected an interface name, found the end of the file"),
        (
            "pass in on longer-than-fifteen all", 1, 12,
            "expected an interface name of up to 15 characters without '/' and ':', found 'longer-than-fifteen'"
        ),
        (
            "pass in on eth0:1 all", 1, 12,
            "expected an interface name of up to 15 characters without '/' and ':', found 'eth0:1'"
        ),
        ("pass in family ipv4", 1, 16, "expected 'inet' or 'inet6', found 'ipv4'"),
        ("count in log all", 1, 10, "a 'count' rule can't log; use 'log' as its action"),
        (
            "pass in log level quiet all", 1, 19,
            "expected a syslog priority such as 'local0.warn' or 'info', found 'quiet'"
        ),
        ("pass in log level local9.info all", 1, 19, "expected a syslog facility such as 'local0', found 'local9'"),
        (
            "pass in log level a.b.c all", 1, 19,
            "expected a syslog priority such as 'local0.warn' or 'info', found 'a.b.c'"
        ),
        // Values
        ("pass in tos -1 all", 1, 13, "expected a 'tos' value from 0 to 255, found '-1'"),
        ("pass in tos +1 all", 1, 13, "expected a 'tos' value from 0 to 255, found '+1'"),
        ("pass in ttl 0x all", 1, 13, "expected a 'ttl' value from 0 to 255, found '0x'"),
        ("pass in tos {1,,2} all", 1, 16, "expected a 'tos' value from 0 to 255, found ','"),
        ("pass in tos {} all", 1, 14, "expected a 'tos' value from 0 to 255, found '}'"),
        ("pass in tos {1) all", 1, 15, "expected ',', '}' or a 'tos' value from 0 to 255, found ')'"),
        (
            "pass in proto nothing all", 1, 15,
            "expected a protocol name, a number from 0 to 255 or 'tcp/udp', found 'nothing'"
        ),
        ("pass in proto udp/tcp all", 1, 15, "expected 'tcp/udp', found 'udp/tcp'"),
        ("pass in proto {tcp udp} all", 1, 15, "'proto' takes no list; write 'tcp/udp' or two rules"),
        // Addresses
        ("pass in from", 1, 13, "expected an address or 'any', found the end of the file"),
        ("pass in from to any", 1, 14, "host names are not supported yet: expected an address, found 'to'"),
        ("pass in from\nblock in all", 2, 1, "expected an address, found 'block'"),
        ("pass in from 300.1.2.3", 1, 14, "expected an address, found '300.1.2.3'"),
        ("pass in from 1.2.3.4.5", 1, 14, "expected an address, found '1.2.3.4.5'"),
        ("pass in from 2001:db8:::1", 1, 14, "expected an address, found '2001:db8:::1'"),
        ("pass in from fe80::1%eth0", 1, 14, "expected an address, found 'fe80::1%eth0'"),
        ("pass in from 10 to any", 1, 14, "a shortened address needs a mask, as in '10/8'"),
        ("pass in from 10.1 to any", 1, 14, "a shortened address needs a mask, as in '10.1/16'"),
        ("pass in from 192.0.2.1/", 1, 24, "expected a mask from 0 to 32 bits, found ''"),
        ("pass in from 192.0.2.1/24/24", 1, 24, "expected a mask in bits or as an address, found '24/24'"),
        ("pass in from 192.0.2.1/ffff::", 1, 24, "expected a mask in bits or as an address, found 'ffff::'"),
        ("pass in from 2001:db8::1/255.0.0.0", 1, 26, "expected a mask in bits or as an address, found '255.0.0.0'"),
        (
            "pass in from any mask 8", 1, 18,
            "expected 'port', 'to', 'flags', 'icmp-type' or the next rule, found 'mask'"
        ),
        ("pass in from !{192.0.2.1} to any", 1, 15, "'!' before a list is not supported yet"),
        ("pass in from {192.0.2.1 !192.0.2.2}", 1, 25, "expected 'mask', ',', '}', an address or 'any', found '!'"),
        // Ports
        (
            "pass in port = 5", 1, 9,
            "expected 'log', 'quick', 'on', 'inet', 'inet6', 'family', 'tos', 'ttl', 'proto', "
                + "'all', 'from', 'to', 'flags', 'icmp-type' or the next rule, found 'port'"
        ),
        ("pass in from any port = 65536", 1, 25, "expected a port from 0 to 65535 or a service name, found '65536'"),
        (
            "pass in from any port = nothing", 1, 25,
            "expected a port from 0 to 65535 or a service name, found 'nothing'"
        ),
        (
            "pass in proto tcp from any port = tftp", 1, 35,
            "expected a port from 0 to 65535 or a service name of tcp, found 'tftp'"
        ),
        ("pass in from any port 5", 1, 24, "expected '><', '<>' or ':', found the end of the file"),
        ("pass in from any port 5 to any", 1, 25, "expected '><', '<>' or ':', found 'to'"),
        ("pass in from any port >< 5", 1, 23, "expected a port operator, a port range or a port, found '><'"),
        ("pass in from any port < 0", 1, 23, "no port is below 0"),
        ("pass in from any port > 65535", 1, 23, "no port is above 65535"),
        ("pass in from any port 5 >< 6", 1, 23, "no port lies between 5 and 6"),
        ("pass in from any port 9 >< 5", 1, 23, "no port lies between 9 and 5"),
        ("pass in from any port 9 <> 5", 1, 23, "expected the lower port first, found '9 <> 5'"),
        ("pass in from any port 0 <> 65535", 1, 23, "no port lies outside 0 and 65535"),
        ("pass in from any port != {5 6}", 1, 26, "expected a port, found '{'"),
        (
            "pass in proto icmp from any port = 5", 1, 29,
            "a port test needs 'proto tcp', 'udp' or 'tcp/udp', or no 'proto'"
        ),
        // Flags
        ("pass in all flags S", 1, 13, "'flags' needs 'proto tcp'"),
        ("pass in proto tcp/udp all flags S", 1, 27, "'flags' needs 'proto tcp'"),
        ("pass in proto tcp all flags", 1, 28, "expected TCP flags such as 'S' or 'S/SA', found the end of the file"),
        ("pass in proto tcp all flags S/A", 1, 29, "never matches: flag 'S' is not in the mask 'A'"),
        ("pass in proto tcp all flags E", 1, 29, "never matches: flag 'E' is not in the mask 'FSRPAU'"),
        ("pass in proto tcp all flags S/", 1, 29, "expected a mask with flags in it, found 'S/'"),
        ("pass in proto tcp all flags \"\"", 1, 29, "no flag is given"),
        ("pass in proto tcp all flags 256", 1, 29, "expected flags from 0 to 255, found '256'"),
        // ICMP
        ("pass in all icmp-type echo", 1, 13, "'icmp-type' needs 'proto icmp' in an IPv4 rule"),
        ("pass in proto ipv6-icmp icmp-type echo", 1, 25, "'icmp-type' with 'proto ipv6-icmp' needs 'inet6'"),
        ("pass in inet6 proto icmp icmp-type echo", 1, 26, "'icmp-type' needs 'proto ipv6-icmp' in an IPv6 rule"),
        (
            "pass in proto icmp from {192.0.2.1 2001:db8::1} icmp-type echo", 1, 49,
            "'icmp-type' needs addresses of one family"
        ),
        (
            "pass in proto icmp icmp-type 256", 1, 30,
            "expected an ICMP type, as a name or a number from 0 to 255, found '256'"
        ),
        ("pass in proto icmp icmp-type toobig", 1, 30, "ICMP has no type 'toobig'"),
        ("pass in inet6 proto ipv6-icmp icmp-type squench", 1, 41, "ICMPv6 has no type 'squench'"),
        (
            "pass in proto icmp icmp-type 3 code 256", 1, 37,
            "expected an ICMP code, as a name or a number from 0 to 255, found '256'"
        ),
        (
            "pass in inet6 proto ipv6-icmp icmp-type unreach code port-unr", 1, 54,
            "ICMPv6 has no code 'port-unr'; expected a number from 0 to 255"
        ),
        ("pass in proto icmp all code 3", 1, 24, "expected 'flags', 'icmp-type' or the next rule, found 'code'"),
        // Characters
        ("pass in from \"192.0.2.1", 1, 14, "the quoted text doesn't end in its line"),
        ("pass in \u{1B}[31mall", 1, 9, "control character 0x1B can't stand in a rule"),
        ("pass in on été✓ all }", 1, 21, "rules in braces are not supported yet"),
    ]

    @Test(arguments: refusals)
    func ruleIsRefused(_ text: String, _ line: Int, _ column: Int, _ message: String) throws {
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet.rules(of: text, file: "test.conf") }
        let error = try #require(thrown?.errors.first)
        #expect(error.location == SourceLocation(line: line, column: column))
        #expect(error.message == message)
        #expect(thrown?.errors.count == 1)
    }

    /// Words of the language that aren't built yet, or won't be: each refused by its name, at its place.
    static let unsupported: [(String, Int, String)] = [
        ("@0 pass in all", 1, "a place for the rule ('@N') is not supported yet"),
        ("100 pass in all", 1, "a collection number before a rule is not supported yet"),
        ("set intercept_loopback true;", 1, "'set' is not supported yet"),
        ("lan=\"10/8\";", 1, "variables ('lan=') are not supported yet"),
        ("pass in from $lan to any", 14, "variables ('$') are not supported yet"),
        ("pass in from ${lan} to any", 14, "variables ('$') are not supported yet"),
        ("pass in from \"$lan\" to any", 14, "variables ('$') are not supported yet"),
        ("block return-rst in all", 7, "'return-rst' is not supported yet"),
        ("block return-icmp in all", 7, "'return-icmp' is not supported yet"),
        ("block return-icmp(99) in all", 7, "'return-icmp' is not supported yet"),
        ("block return-icmp-as-dest(3) in all", 7, "'return-icmp-as-dest' is not supported yet"),
        ("auth in all", 1, "'auth' is not supported yet"),
        ("preauth in all", 1, "'preauth' is not supported yet"),
        ("call now srcgrpmap/1 in all", 1, "'call' is not supported: built-in functions can't be called"),
        ("skip 3 in all", 1, "'skip' is not supported: rules can't be jumped over; use 'quick'"),
        ("nomatch in all", 1, "'nomatch' is not supported: a match can't be forgotten; order the rules instead"),
        ("decapsulate in all", 1, "'decapsulate' is not supported: tunnels are not looked into"),
        ("pass in on eth0,eth1 all", 16, "a second interface for replies is not supported yet"),
        ("pass in on eth0 out-via eth1 all", 17, "'out-via' is not supported yet"),
        ("pass in on eth0 in-via eth1 all", 17, "'in-via' is not supported yet"),
        ("pass in on eth0 route-to eth1 all", 17, "'route-to' is not supported: packets can't be rerouted"),
        ("pass in on eth0 reply-to eth1 all", 17, "'reply-to' is not supported: packets can't be rerouted"),
        (
            "pass in on eth0 dup-to eth1 all", 17, "'dup-to' is not supported: packets can't be copied to an interface"
        ),
        ("pass in on eth0 fastroute all", 17, "'fastroute' is not supported: forwarding is the kernel's business"),
        ("pass in from pool/13 to any", 14, "address pools are not supported yet"),
        ("pass in from pool=(192.0.2.1) to any", 14, "address pools are not supported yet"),
        ("pass in from hash/13 to any", 14, "address pools are not supported yet"),
        (
            "pass in from www.example.com", 14,
            "host names are not supported yet: expected an address, found 'www.example.com'"
        ),
        (
            "pass in from test\\.host\\.dots", 14,
            "host names are not supported yet: expected an address, found \"test.host.dots\""
        ),
        ("pass in from eth0/broadcast", 14, "addresses of an interface are not supported yet"),
        ("pass in from (eth0)/32 to any", 14, "addresses of an interface are not supported yet"),
        ("pass in all with frag", 13, "'with' is not supported yet"),
        ("pass in all and short", 13, "'and' is not supported yet"),
        ("pass in all keep state", 13, "'keep state' is not supported yet"),
        ("pass in proto tcp all flags S/SA KEEP STATE", 34, "'keep state' is not supported yet"),
        ("pass in all keep frags", 13, "'keep frags' is not supported yet"),
        ("pass in all keep", 13, "'keep' is not supported yet"),
        ("pass in all head 1", 13, "'head' is not supported yet"),
        ("pass in all group 1", 13, "'group' is not supported yet"),
        ("pass in all set-tag(log=1)", 13, "'set-tag' is not supported yet"),
        (
            "pass in all match-tag(x)", 13,
            "'match-tag' is not supported: address translation is not part of this filter"
        ),
        ("pass in all pps 5", 13, "'pps' is not supported yet"),
        ("pass in all age 5/5", 13, "'age' is not supported yet"),
        ("pass in all rule-ttl 5", 13, "'rule-ttl' is not supported yet"),
        ("pass in all comment \"x\"", 13, "'comment' is not supported yet"),
        ("pass in all { pass in all }", 13, "rules in braces are not supported yet"),
        ("pass in bpf-v4 {\"host x\"}", 9, "'bpf-v4' is not supported yet"),
        ("pass in exp {\"ip.src = 1\"}", 9, "'exp' is not supported yet"),
    ]

    @Test(arguments: unsupported)
    func unsupportedWordIsRefusedByName(_ text: String, _ column: Int, _ message: String) throws {
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet.rules(of: text, file: "test.conf") }
        let error = try #require(thrown?.errors.first)
        #expect(error.location == SourceLocation(line: 1, column: column))
        #expect(error.message == message)
    }

    /// Reading goes on at the next rule, so that a file's mistakes are told together.
    @Test func allErrorsOfAFileAreReported() throws {
        let text = """
            pass in all
            blok in all
            pass in from 192.0.2.1/33
                to any
            pass out all
            block in proto 256 all keep state; pass in tos 999 all
            pass in from
            block out all
            pass sideways; block in on eth0 all
            pass in quick quick
            """
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet.rules(of: text, file: "test.conf") }
        let places = try #require(thrown).errors.map { [$0.location.line, $0.location.column] }
        #expect(places == [[2, 1], [3, 24], [6, 16], [6, 48], [8, 1], [9, 6], [10, 15]])
    }

    @Test func nothingIsLoadedOfABrokenFile() {
        #expect(throws: RuleErrors.self) { try RuleSet("pass in all\nblok in all") }
    }

    @Test func tooManyErrorsAreCutOff() throws {
        let text = Array(repeating: "blok in all", count: 5_000).joined(separator: "\n")
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet.rules(of: text, file: "test.conf") }
        #expect(thrown?.errors.count == 100)
    }

    @Test func listsDoNotMultiplyBeyondReason() throws {
        let numbers = (0..<200).map(String.init).joined(separator: " ")
        let list = "{\(numbers)}"
        let text = "pass in tos \(list) ttl \(list) proto tcp from any port = \(list) to any port = \(list)"
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet.rules(of: text, file: "test.conf") }
        #expect(thrown?.errors.first?.message == "too many rules come of this one's lists")
    }

    @Test func tooManyInterfacesAreRefused() throws {
        let names = (0..<65_535).map { "i\($0)" }.joined(separator: " ")
        let thrown = #expect(throws: RuleErrors.self) {
            try RuleSet.rules(of: "pass out all\nblock in on {\(names)} all", file: "test.conf")
        }
        #expect(thrown?.errors.first?.message == "the rules name too many interfaces")
        #expect(thrown?.errors.first?.location == SourceLocation(line: 2, column: 1))
    }

    @Test func placeIsShownWithACaret() throws {
        let thrown = #expect(throws: RuleErrors.self) {
            try RuleSet.rules(of: "pass in all\n\tpass in tos 256 all\u{7}\u{202E}", file: "ipf.conf")
        }
        #expect(
            thrown?.description == """
                ipf.conf:2:14: expected a 'tos' value from 0 to 255, found '256'
                    \tpass in tos 256 all??
                    \t            ^
                """)
    }

    @Test func linesMayEndWithCarriageReturns() throws {
        let thrown = #expect(throws: RuleErrors.self) {
            try RuleSet.rules(of: "pass in all\r\nblok in all\r\n", file: "ipf.conf")
        }
        #expect(thrown?.errors.first?.location == SourceLocation(line: 2, column: 1))
        #expect(thrown?.errors.first?.sourceLine == "blok in all")
    }

    @Test func unreadableFileIsAnError() throws {
        let thrown = #expect(throws: RuleErrors.self) { try RuleSet(contentsOf: "/nonexistent/ipf.conf") }
        #expect(thrown?.description == "/nonexistent/ipf.conf:1:1: can't be read: No such file or directory")
    }
}
