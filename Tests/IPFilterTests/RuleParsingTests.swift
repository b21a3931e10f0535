// SPDX-License-Identifier: Apache-2.0

import IPFilter
import Packet
import Testing

struct RuleParsingTests {
    /// What is written, and the canonical forms of the rules that come of it.
    static let readings: [(String, [String])] = [
        // Shape
        ("pass in", ["pass in all"]),
        ("pass in all", ["pass in all"]),
        ("PASS In ALL", ["pass in all"]),
        ("block out all", ["block out all"]),
        ("log in all", ["log in all"]),
        ("count out all", ["count out all"]),
        ("pass in all pass out all", ["pass in all", "pass out all"]),
        ("pass in all; block in all;", ["pass in all", "block in all"]),
        (";;pass in;;", ["pass in all"]),
        ("pass\nin\nproto\ntcp\nall", ["pass in proto tcp all"]),
        ("pass in \\\n  quick \\  \n all", ["pass in quick all"]),
        ("pass in # all\n quick # block in all\n all", ["pass in quick all"]),
        ("pass in all#comment", ["pass in all"]),
        ("# only a comment", []),
        ("", []),
        ("\r\npass in all\r\n\tblock in all\r\n", ["pass in all", "block in all"]),
        ("pass in\nlog in all", ["pass in all", "log in all"]),
        ("pass in log\nlog body in", ["pass in log all", "log body in all"]),
        // Options
        ("pass in quick", ["pass in quick all"]),
        ("pass in on eth0 quick log", ["pass in log quick on eth0 all"]),
        ("pass in quick on eth0.100 all", ["pass in quick on eth0.100 all"]),
        ("pass in on quick all", ["pass in on quick all"]),
        ("pass in on \"br-lan\" all", ["pass in on br-lan all"]),
        ("pass in on a\\+b all", ["pass in on a\\+b all"]),
        (
            "block in log body first or-block level local0.warn all",
            ["block in log body first or-block level local0.warn all"]
        ),
        ("block in log level INFO or-block all", ["block in log or-block level info all"]),
        ("log first in quick all", ["log first in quick all"]),
        // Family, tos, ttl
        ("pass in inet all", ["pass in inet all"]),
        ("pass in family inet6 all", ["pass in inet6 all"]),
        ("pass in tos 16 ttl 0x40 proto 50 all", ["pass in tos 0x10 ttl 64 proto 50 all"]),
        ("pass in tos 255 all", ["pass in tos 0xff all"]),
        // Protocols
        ("pass in proto tcp", ["pass in proto tcp all"]),
        ("pass in proto 17 all", ["pass in proto udp all"]),
        ("pass in proto GRE all", ["pass in proto 47 all"]),
        ("pass in proto 0 all", ["pass in proto 0 all"]),
        ("pass in proto 255 all", ["pass in proto 255 all"]),
        ("pass in proto tcp-udp all", ["pass in proto tcp/udp all"]),
        ("pass in proto icmpv6 all", ["pass in proto ipv6-icmp all"]),
        ("pass in proto \\tcp all", ["pass in proto tcp all"]),
        // Addresses
        ("pass in from any to any", ["pass in all"]),
        ("pass in from 192.0.2.1", ["pass in from 192.0.2.1/32 to any"]),
        ("pass in to 192.0.2.1", ["pass in from any to 192.0.2.1/32"]),
        ("pass in from 192.0.2.77/24 to any", ["pass in from 192.0.2.0/24 to any"]),
        ("pass in from 192.0.2.77/255.255.255.192 to any", ["pass in from 192.0.2.64/26 to any"]),
        ("pass in from 192.0.2.77/0xffffff00 to any", ["pass in from 192.0.2.0/24 to any"]),
        ("pass in from 192.0.2.77 mask 255.255.0.0 to any", ["pass in from 192.0.0.0/16 to any"]),
        ("pass in from 192.0.2.77 mask 0xff000000", ["pass in from 192.0.0.0/8 to any"]),
        ("pass in from 192.0.2.77 mask 8", ["pass in from 192.0.0.0/8 to any"]),
        ("pass in from 128.16/16 to any", ["pass in from 128.16.0.0/16 to any"]),
        ("pass in from 10/8 to any", ["pass in from 10.0.0.0/8 to any"]),
        ("pass in from 10.1.2/255.255.255.0", ["pass in from 10.1.2.0/24 to any"]),
        ("pass in from 0/0 to any", ["pass in from 0.0.0.0/0 to any"]),
        ("pass in from 0.0.0.0/0.0.0.0", ["pass in from 0.0.0.0/0 to any"]),
        ("pass in from 2001:db8::1 to 2001:DB8:0::/48", ["pass in from 2001:db8::1/128 to 2001:db8::/48"]),
        ("pass in from 2001:db8::1/ffff:ffff:: to any", ["pass in from 2001:db8::/32 to any"]),
        ("pass in from ::/0", ["pass in from ::/0 to any"]),
        ("pass in from !192.0.2.0/24 to ! 198.51.100.7", ["pass in from !192.0.2.0/24 to !198.51.100.7/32"]),
        ("pass in from !any", ["pass in from !any to any"]),
        ("pass in from \"192.0.2.1\"", ["pass in from 192.0.2.1/32 to any"]),
        // Ports
        ("pass in from port = 53", ["pass in from any port = 53 to any"]),
        ("pass in from any port = 0", ["pass in from any port = 0 to any"]),
        ("pass in from any port=0x16", ["pass in from any port = 22 to any"]),
        ("pass in from any port != ntp", ["pass in from any port != 123 to any"]),
        ("pass in from any port != \\ntp", ["pass in from any port != 123 to any"]),
        ("pass in from any port < 1024", ["pass in from any port < 1024 to any"]),
        ("pass in from any port <=1024", ["pass in from any port <= 1024 to any"]),
        ("pass in from any port >1024", ["pass in from any port > 1024 to any"]),
        ("pass in from any port >= 1024", ["pass in from any port >= 1024 to any"]),
        ("pass in from any port eq 1 to any port ne 2", ["pass in from any port = 1 to any port != 2"]),
        ("pass in from any port lt 1 to any port gt 2", ["pass in from any port < 1 to any port > 2"]),
        ("pass in from any port LE 1 to any port ge 2", ["pass in from any port <= 1 to any port >= 2"]),
        ("pass in from any port 5 >< 9", ["pass in from any port 5 >< 9 to any"]),
        ("pass in from any port 5><9", ["pass in from any port 5 >< 9 to any"]),
        ("pass in from any port 5 <> 9", ["pass in from any port 5 <> 9 to any"]),
        ("pass in from any port 5:9", ["pass in from any port 5:9 to any"]),
        ("pass in from any port 5 : 9", ["pass in from any port 5:9 to any"]),
        ("pass in from any port 5: 9", ["pass in from any port 5:9 to any"]),
        ("pass in from any port 5 :9", ["pass in from any port 5:9 to any"]),
        ("pass in from any port = 5:9", ["pass in from any port 5:9 to any"]),
        ("pass in from any port ftp-data:ftp", ["pass in from any port 20:21 to any"]),
        ("pass in proto udp from any port = syslog", ["pass in proto udp from any port = 514 to any"]),
        ("pass in proto tcp from any to any port = Domain", ["pass in proto tcp from any to any port = 53"]),
        ("pass in proto tcp/udp to any port = domain", ["pass in proto tcp/udp from any to any port = 53"]),
        // TCP flags
        ("pass in proto tcp all flags S", ["pass in proto tcp all flags S/FSRPAU"]),
        ("pass in proto tcp flags S/SA", ["pass in proto tcp all flags S/SA"]),
        ("pass in proto tcp all flags AS", ["pass in proto tcp all flags SA/FSRPAU"]),
        ("pass in proto tcp all flags /FSRPAU", ["pass in proto tcp all flags /FSRPAU"]),
        ("pass in proto tcp all flags EC/CE", ["pass in proto tcp all flags EC/EC"]),
        ("pass in proto tcp all flags 2", ["pass in proto tcp all flags S/FSRPAU"]),
        ("pass in proto tcp all flags 0x12/0x3f", ["pass in proto tcp all flags SA/FSRPAU"]),
        ("pass in proto 6 all flags 0/255", ["pass in proto tcp all flags /FSRPAUEC"]),
        // ICMP
        ("pass in proto icmp all icmp-type echo", ["pass in proto icmp all icmp-type 8"]),
        ("pass in proto icmp all icmp-type 3 code 4", ["pass in proto icmp all icmp-type 3 code 4"]),
        ("pass in proto icmp all icmp-type unreach code Port-Unr", ["pass in proto icmp all icmp-type 3 code 3"]),
        ("pass in inet proto icmp icmp-type 255 code 0", ["pass in inet proto icmp all icmp-type 255 code 0"]),
        ("pass in inet6 proto ipv6-icmp icmp-type echo", ["pass in inet6 proto ipv6-icmp all icmp-type 128"]),
        (
            "pass in proto ipv6-icmp from 2001:db8::/32 icmp-type neighborsol",
            ["pass in proto ipv6-icmp from 2001:db8::/32 to any icmp-type 135"]
        ),
        // Lists: the right-most changes slowest, the source fastest.
        (
            "pass in proto tcp from {192.0.2.1, 192.0.2.2} to any port = {22 25}",
            [
                "pass in proto tcp from 192.0.2.1/32 to any port = 22",
                "pass in proto tcp from 192.0.2.2/32 to any port = 22",
                "pass in proto tcp from 192.0.2.1/32 to any port = 25",
                "pass in proto tcp from 192.0.2.2/32 to any port = 25",
            ]
        ),
        (
            "pass in from any port = (22,80:90)",
            ["pass in from any port = 22 to any", "pass in from any port 80:90 to any"]
        ),
        ("block in on {eth0 eth1} all", ["block in on eth0 all", "block in on eth1 all"]),
        ("block in tos {1,2} ttl {3} all", ["block in tos 0x1 ttl 3 all", "block in tos 0x2 ttl 3 all"]),
        (
            "block in proto icmp all icmp-type {echo, echorep} code {0, 1}",
            [
                "block in proto icmp all icmp-type 8 code 0", "block in proto icmp all icmp-type 0 code 0",
                "block in proto icmp all icmp-type 8 code 1", "block in proto icmp all icmp-type 0 code 1",
            ]
        ),
        (
            "pass in from {192.0.2.1, 2001:db8::1} to any",
            ["pass in from 192.0.2.1/32 to any", "pass in from 2001:db8::1/128 to any"]
        ),
    ]

    @Test(arguments: readings)
    func ruleIsReadAndPrintedCanonically(_ text: String, _ canonical: [String]) throws {
        let rules = try RuleSet.rules(of: text, file: "test.conf")
        #expect(rules.map(\.description) == canonical)
        for rule in rules {
            var again = try #require(RuleSet.rules(of: rule.description, file: "test.conf").first)
            again.location = rule.location
            #expect(again == rule)
        }
    }

    @Test func locationIsWhereTheRuleBegins() throws {
        let rules = try RuleSet.rules(of: "\n# é\n  pass in all; block\nin all", file: "test.conf")
        #expect(rules.map(\.location) == [SourceLocation(line: 3, column: 3), SourceLocation(line: 3, column: 16)])
    }

    static let protocols: [(String, UInt8)] = [
        ("icmp", 1), ("igmp", 2), ("tcp", 6), ("udp", 17), ("gre", 47), ("esp", 50), ("ah", 51), ("ipv6-icmp", 58),
        ("icmp6", 58), ("ospf", 89), ("pim", 103), ("vrrp", 112), ("sctp", 132), ("udplite", 136), ("hopopt", 0),
    ]

    @Test(arguments: protocols)
    func protocolNameIsKnown(_ name: String, _ number: UInt8) throws {
        let rule = try #require(RuleSet.rules(of: "pass in proto \(name) all", file: "test.conf").first)
        #expect(rule.proto == .number(IPProtocol(rawValue: number)))
    }

    static let icmpTypes: [(String, UInt8?, UInt8?)] = [
        ("echo", 8, 128), ("echorep", 0, 129), ("unreach", 3, 1), ("squench", 4, nil), ("redir", 5, 137),
        ("timex", 11, 3), ("paramprob", 12, 4), ("timest", 13, nil), ("timestrep", 14, nil), ("inforeq", 15, 139),
        ("inforep", 16, 140), ("maskreq", 17, nil), ("maskrep", 18, nil), ("routerad", 9, 134),
        ("routersol", 10, 133), ("toobig", nil, 2), ("neighadvert", nil, 136), ("neighborsol", nil, 135),
        ("listenqry", nil, 130), ("listenrep", nil, 131), ("listendone", nil, 132), ("renumber", nil, 138),
    ]

    @Test(arguments: icmpTypes)
    func icmpNameIsKnown(_ name: String, _ v4: UInt8?, _ v6: UInt8?) throws {
        let rules4 = try? RuleSet.rules(of: "pass in proto icmp all icmp-type \(name)", file: "test.conf")
        #expect(rules4?.first?.icmp?.type == v4)
        let rules6 = try? RuleSet.rules(of: "pass in inet6 proto ipv6-icmp all icmp-type \(name)", file: "test.conf")
        #expect(rules6?.first?.icmp?.type == v6)
    }

    static let icmpCodes = [
        "net-unr", "host-unr", "proto-unr", "port-unr", "needfrag", "srcfail", "net-unk", "host-unk", "isolate",
        "net-prohib", "host-prohib", "net-tos", "host-tos", "filter-prohib", "host-preced", "cutoff-preced",
    ]

    @Test func icmpCodesAreKnown() throws {
        for (code, name) in Self.icmpCodes.enumerated() {
            let text = "pass in proto icmp all icmp-type unreach code \(name)"
            #expect(try RuleSet.rules(of: text, file: "test.conf").first?.icmp?.code == UInt8(code))
        }
    }

    @Test func pinnedFamilies() throws {
        func pinned(_ text: String) throws -> IPVersion? {
            try #require(RuleSet.rules(of: text, file: "test.conf").first).pinnedFamily
        }
        #expect(try pinned("pass in all") == nil)
        #expect(try pinned("pass in inet6 all") == .v6)
        #expect(try pinned("pass in to 192.0.2.1") == .v4)
        #expect(try pinned("pass in from !2001:db8::/32") == .v6)
        #expect(try pinned("pass in proto icmp") == nil)
        #expect(try pinned("pass in proto icmp icmp-type echo") == .v4)
    }

    @Test func servicesOfAFileAreRead() throws {
        let services = ServiceNames(
            text: """
                # name port/proto aliases
                telnets 992/tcp secure-telnet # comment
                odd 1000/udp
                odd 2000/tcp
                broken
                worse x/tcp
                big 70000/tcp
                stream 5/sctp
                """)
        func rules(_ text: String) throws(RuleErrors) -> [Rule] {
            try RuleSet.rules(of: text, file: "test.conf", services: services)
        }
        let rule = try rules("pass in from any port = Secure-Telnet").first
        #expect(rule?.source.port == .equal(992))
        #expect(try rules("pass in proto udp from any port = odd").first?.source.port == .equal(1_000))
        for name in ["broken", "worse", "big", "stream", "ssh"] {
            #expect(throws: RuleErrors.self) { try rules("pass in from any port = \(name)") }
        }
        let error = #expect(throws: RuleErrors.self) { try rules("pass in from any port = odd") }
        #expect(
            error?.errors.first?.message
                == "service 'odd' is port 2000 in TCP and 1000 in UDP; add 'proto' or write the number")
    }
}
