// SPDX-License-Identifier: Apache-2.0

import Packet

/// The names that stand for numbers in rules. All are looked up in lower case.
enum Names {
    /// Protocol numbers as IANA assigns them, under the names that `/etc/protocols` has.
    static let protocols: [String: UInt8] = [
        "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12,
        "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37,
        "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50,
        "ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58, "icmp6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60,
        "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ospfigp": 89, "ax.25": 93, "ipip": 94, "etherip": 97,
        "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133,
        "mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140,
        "wesp": 141, "rohc": 142,
    ]

    /// ICMP types (RFC 792, RFC 950, RFC 1256) and ICMPv6 types (RFC 4443, RFC 4861, RFC 2710, RFC 2894, RFC 4620).
    static let icmpTypes: [String: (v4: UInt8?, v6: UInt8?)] = [
        "echo": (8, 128), "echorep": (0, 129), "unreach": (3, 1), "squench": (4, nil), "redir": (5, 137),
        "timex": (11, 3), "paramprob": (12, 4), "timest": (13, nil), "timestrep": (14, nil), "inforeq": (15, 139),
        "inforep": (16, 140), "maskreq": (17, nil), "maskrep": (18, nil), "routerad": (9, 134), "routersol": (10, 133),
        "toobig": (nil, 2), "neighadvert": (nil, 136), "neighborsol": (nil, 135), "listenqry": (nil, 130),
        "listenrep": (nil, 131), "listendone": (nil, 132), "renumber": (nil, 138),
    ]

    /// Codes of "destination unreachable" (RFC 792, RFC 1122, RFC 1812).
    static let unreachableCodes: [String: UInt8] = [
        "net-unr": 0, "host-unr": 1, "proto-unr": 2, "port-unr": 3, "needfrag": 4, "srcfail": 5, "net-unk": 6,
        "host-unk": 7, "isolate": 8, "net-prohib": 9, "host-prohib": 10, "net-tos": 11, "host-tos": 12,
        "filter-prohib": 13, "host-preced": 14, "cutoff-preced": 15,
    ]

    /// In the order in which they are printed.
    static let flagLetters: [(letter: Character, flag: TCPFlags)] = [
        ("F", .fin), ("S", .syn), ("R", .rst), ("P", .psh), ("A", .ack), ("U", .urg), ("E", .ece), ("C", .cwr),
    ]

    /// Facilities of syslog(3).
    static let facilities: Set<String> = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "audit",
        "logalert", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7", "security",
    ]

    /// Priorities of syslog(3).
    static let priorities: Set<String> = [
        "emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug",
    ]

    /// Port operators in letters.
    static let portOperators: [String: String] = [
        "eq": "=", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
    ]
}
