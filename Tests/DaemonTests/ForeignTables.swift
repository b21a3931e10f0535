// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

extension RunningDaemon {
    /// nftables rules of others stay as they are, whatever a daemon's life is like.
    @Suite struct ForeignTables {
        @Test(
            "Tables of others outlive a daemon's start, death, restart and end unchanged",
            arguments: ["open", "closed"])
        func theirs(onExit: String) throws {
            try HostPair.with { hosts in
                try hosts.right.loadRules(
                    """
                    table ip filter {
                        chain in { type filter hook prerouting priority -450; udp dport 9 counter drop; };
                    }
                    table ip6 filter {
                        chain out { type filter hook postrouting priority 5; counter; };
                    }
                    table inet neti {
                        chain in { type filter hook input priority 0; counter; };
                    }
                    """)
                let theirs = try hosts.right.ruleset()
                let text = InstanceText(netns: hosts.right.name, onExit: onExit).text
                func expectUnchanged(_ comment: Comment) throws {
                    for (family, table) in [("ip", "filter"), ("ip6", "filter"), ("inet", "neti")] {
                        let listing = try hosts.right.execute("nft", "--stateless", "list", "table", family, table)
                        #expect(theirs.contains(listing), comment)
                    }
                }
                let first = try DaemonProcess(instances: text)
                defer { first.stop() }
                try first.waitUntilReady()
                #expect(try hosts.right.tables().count == 5)
                try expectUnchanged("while it runs")
                first.crash()
                try expectUnchanged("after its death")
                let second = try DaemonProcess(instances: text)
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(try hosts.right.tables().count == 5)
                try expectUnchanged("while its successor runs")
                second.terminate()
                try expectUnchanged("after the successor's end")
                #expect(try hosts.right.tables().count == (onExit == "open" ? 3 : 5))
            }
        }

        @Test(
            "A table 'neti' that no daemon made is left alone, and the daemon says what is in its way",
            arguments: ["ip", "ip6"])
        func handMade(family: String) throws {
            try HostPair.with { hosts in
                try hosts.right.loadRules(
                    """
                    table \(family) neti {
                        comment "by hand"
                        chain in { type filter hook prerouting priority 0; udp dport 9 counter drop; };
                    }
                    """)
                let before = try hosts.right.ruleset()
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { daemon.stop() }
                #expect(daemon.waitUntilEnded() == 1)
                let complaint =
                    "instance '\(hosts.right.name)': there is a table '\(family) neti' in this namespace that no "
                    + "daemon made; delete or rename it"
                #expect(daemon.log.contains(complaint), "\(daemon.log)")
                #expect(try hosts.right.ruleset() == before)
            }
        }

        @Test("An instance without hooks doesn't mind whoever else filters there")
        func nothingWanted() throws {
            try HostPair.with { hosts in
                try hosts.right.loadRules("table ip neti {\n chain c { counter; };\n}")
                let before = try hosts.right.ruleset()
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name, hooks: []).text)
                defer { daemon.stop() }
                try daemon.waitUntilReady()
                #expect(try daemon.instance(hosts.right.name)?.state == .up)
                #expect(try hosts.right.ruleset() == before)
            }
        }
    }
}
