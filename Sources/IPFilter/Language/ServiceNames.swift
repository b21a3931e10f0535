// SPDX-License-Identifier: Apache-2.0

import Packet
import SystemPackage

/// Port numbers by service name, for TCP and UDP apart.
public struct ServiceNames: Sendable {
    private var tcp: [String: UInt16] = [:]
    private var udp: [String: UInt16] = [:]

    /// The services that rules usually name, whatever is installed.
    public static let builtIn = ServiceNames(
        text: """
            ftp-data 20/tcp
            ftp 21/tcp
            ssh 22/tcp
            telnet 23/tcp
            smtp 25/tcp mail
            time 37/tcp
            time 37/udp
            domain 53/tcp
            domain 53/udp
            bootps 67/udp
            bootpc 68/udp
            tftp 69/udp
            http 80/tcp www
            http 80/udp www
            kerberos 88/tcp
            kerberos 88/udp
            pop3 110/tcp
            sunrpc 111/tcp
            sunrpc 111/udp
            auth 113/tcp ident
            nntp 119/tcp
            ntp 123/udp
            netbios-ns 137/udp
            netbios-dgm 138/udp
            netbios-ssn 139/tcp
            imap2 143/tcp imap
            snmp 161/tcp
            snmp 161/udp
            snmp-trap 162/tcp
            snmp-trap 162/udp
            bgp 179/tcp
            ldap 389/tcp
            https 443/tcp
            https 443/udp
            microsoft-ds 445/tcp
            submissions 465/tcp
            isakmp 500/udp
            login 513/tcp
            shell 514/tcp
            syslog 514/udp
            printer 515/tcp
            submission 587/tcp
            ipp 631/tcp
            ldaps 636/tcp
            domain-s 853/tcp
            imaps 993/tcp
            pop3s 995/tcp
            radius 1812/udp
            nfs 2049/tcp
            nfs 2049/udp
            mysql 3306/tcp
            sip 5060/tcp
            sip 5060/udp
            mdns 5353/udp
            postgresql 5432/tcp
            x11 6000/tcp
            """)

    /// The built-in services and those of `/etc/services`, read now; only the former if it can't be read.
    public static func system() -> ServiceNames {
        var names = builtIn
        if let text = try? readFile("/etc/services") {
            names.add(ServiceNames(text: String(decoding: text, as: UTF8.self)))
        }
        return names
    }

    /// Reads the format of services(5); lines that don't have it are left out.
    public init(text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2 else { continue }
            let number = words[1].split(separator: "/")
            guard number.count == 2, let port = UInt16(number[0]) else { continue }
            for name in [words[0]] + words[2...] {
                switch number[1] {
                case "tcp": if tcp[name.lowercased()] == nil { tcp[name.lowercased()] = port }
                case "udp": if udp[name.lowercased()] == nil { udp[name.lowercased()] = port }
                default: break
                }
            }
        }
    }

    private mutating func add(_ others: ServiceNames) {
        tcp.merge(others.tcp) { mine, _ in mine }
        udp.merge(others.udp) { mine, _ in mine }
    }

    enum Answer: Equatable {
        case port(UInt16)
        case unknown
        case differs(tcp: UInt16, udp: UInt16)
    }

    /// The port of a service, for one protocol, or for both if none or `tcp/udp` is named.
    func port(_ name: String, for proto: ProtocolTest?) -> Answer {
        let name = name.lowercased()
        switch (proto, tcp[name], udp[name]) {
        case (.number(.tcp), let port?, _), (.number(.udp), _, let port?): return .port(port)
        case (.number, _, _): return .unknown
        case (_, let tcp?, let udp?): return tcp == udp ? .port(tcp) : .differs(tcp: tcp, udp: udp)
        case (_, let port?, nil), (_, nil, let port?): return .port(port)
        case (_, nil, nil): return .unknown
        }
    }
}
