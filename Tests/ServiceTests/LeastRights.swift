// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Packet
import Testing

extension ServiceInContainer {
    /// The hardened unit: what the daemon may do, and that all of it still works.
    @Suite struct LeastRights {
        private static let hooks = """
            [[instance]]
            name = "global"
              [[instance.hook]]
              name = "arp"
              module = "count"
              events = ["PHYSICAL_IN"]
              families = ["inet", "arp"]
            [[instance]]
            netns = "*"
              [[instance.hook]]
              name = "count"
              module = "count"
              events = ["PHYSICAL_IN", "PHYSICAL_OUT"]

            """

        /// CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN and CAP_BPF.
        private static let capabilities = "0000008000203000"

        /// A datagram as hexadecimal digits.
        private static func datagram(from source: IPAddress, to destination: IPAddress, port: UInt16) throws -> String {
            let bytes = try IPHeader(from: source, to: destination).packet(.udp(from: 9, to: port), payload: [1])
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }

        @Test(
            "As its own user with four capabilities it queues, injects in all styles, keeps state and meets new namespaces"
        )
        func everythingWorks() throws {
            try Container.with { container in
                try container.install()
                try container.configure(Self.hooks)
                try container.run("systemctl restart neti")
                let process = try container.property("MainPID")
                let status = try container.run("cat /proc/\(process)/status")
                for set in ["CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(status.contains("\(set):\t\(Self.capabilities)\n"))
                }
                #expect(status.contains("NoNewPrivs:\t1\n") && status.contains("Seccomp:\t2\n"))
                let user = try container.run("id -u neti").trimmed
                #expect(user != "0" && status.contains("Uid:\t\(user)\t\(user)\t\(user)\t\(user)\n"))

                // Packets, ARP, and a namespace that comes later.
                #expect(try container.answers("192.0.2.2"))
                for family in ["inet", "arp"] {
                    let hits = "awk '$3 == \"\(family)\" && $8 > 0' | grep -q PHYSICAL_IN"
                    #expect(container.comesTrue("neti-ctl hook list --instance global | \(hits)"), "\(family)")
                }
                try container.run("ip netns add late")
                #expect(container.comesTrue("neti-ctl instance list | grep late | grep -q ' up '", within: .seconds(5)))
                try container.run("ip netns del late")
                #expect(
                    container.comesTrue("neti-ctl instance list | grep late | grep -q ' gone '", within: .seconds(5)))

                // Each style of injection: the first into blue, the others out of it.
                let (near, far) = (IPAddress(v4: 0xC000_0201), IPAddress(v4: 0xC000_0202))
                let cases = [
                    ("queue-in", "ip netns exec blue", try Self.datagram(from: near, to: far, port: 4711)),
                    ("queue-out", "", try Self.datagram(from: far, to: near, port: 4712)),
                    ("direct-out", "", try Self.datagram(from: far, to: near, port: 4713)),
                ]
                for (style, place, packet) in cases {
                    let table =
                        "'table ip seen { chain in { type filter hook input priority 0; udp sport 9 counter; }; }'"
                    try container.run("echo \(table) | \(place) nft -f -")
                    try container.run(
                        "neti-ctl inject -i blue --style \(style) --interface up0 --hex \(packet)")
                    #expect(container.comesTrue("\(place) nft list table ip seen | grep -q 'packets 1 '"), "\(style)")
                    try container.run("\(place) nft delete table ip seen")
                }

                // What outlives it.
                let count = try container.run("neti-ctl kstat -p count:0:arp:packets").trimmed
                #expect(!count.hasSuffix("\t0") && count.contains("\t"))
                try container.run("systemctl restart neti")
                #expect(
                    try container.run("stat -c '%U %a' /var/lib/neti /var/lib/neti/kstats.json")
                        == "neti 700\nneti 600\n")
                #expect(try !container.run("neti-ctl kstat -p count:0:arp:packets").hasSuffix("\t0\n"))
                #expect(try container.run("journalctl -u neti -p warning -q -o cat").isEmpty)
            }
        }

        @Test("The control socket is for root and the group neti, and what members change is logged with their user")
        func control() throws {
            try Container.with { container in
                try container.install()
                #expect(try container.run("stat -c '%U:%G %a' /run/neti/neti.sock") == "neti:neti 660\n")
                let stranger = "setpriv --reuid=daemon --regid=daemon --clear-groups neti-ctl"
                let member = "setpriv --reuid=daemon --regid=daemon --groups=neti neti-ctl"
                #expect(try container.end("\(stranger) status").status == 1)
                #expect(try container.end("\(member) status").status == 0)
                try container.run("\(member) log-level debug")
                let found = "journalctl -u neti NETI_METHOD=io.neti.Control.SetLogLevel NETI_UID=1 -o cat -q"
                #expect(container.comesTrue("\(found) | grep -q 'a control client changed something'"))
            }
        }

        /// The unit hides other users' processes, so that the service sees nothing of root's in /proc.
        @Test("A namespace that root's daemon filters stays its own; once that is gone, the service takes over")
        func otherUser() throws {
            try Container.with { container in
                try container.install()
                let other = Container.filtered("blue", onExit: "closed")
                try container.write(
                    "/other.toml",
                    """
                    [daemon]
                    control-socket = "/other.sock"
                    state-directory = "/other"
                    \(other.replacing("on-exit", with: "queue = 100\non-exit"))
                    """)
                try container.write("/ipf.conf", "block in all\n")
                try container.run("neti-daemon --config /other.toml >/log 2>&1 & echo $! >/other.pid")
                #expect(container.comesTrue("neti-ctl --socket /other.sock status"))
                try container.configure(Container.filtered("blue"))
                #expect(try container.end("systemctl restart neti").status != 0)
                #expect(container.logs("filters this namespace already"))
                #expect(try !container.answers("192.0.2.2"))
                try container.run("kill $(cat /other.pid)")
                #expect(container.comesTrue("systemctl is-active neti"))
                #expect(try container.answers("192.0.2.2"))
            }
        }

        /// Docker's folder is root's alone.
        @Test("A folder that the user may not read is told of and holds nothing up; once readable it is followed")
        func unreadableFolder() throws {
            try Container.with { container in
                try container.install()
                try container.run("mkdir -p -m 700 /run/docker/netns; chmod 700 /run/docker")
                try container.configure(Self.hooks)
                try container.run("systemctl restart neti")
                #expect(container.logs("may not read /run/docker/netns"))
                try container.run("touch /run/docker/netns/c1; unshare --net=/run/docker/netns/c1 true")
                try container.run("chmod 750 /run/docker /run/docker/netns")
                #expect(container.comesTrue("neti-ctl instance list | grep c1 | grep -q ' up '", within: .seconds(20)))
            }
        }
    }
}
