// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Hooks
import LiveHost
import Neti
import NetiLinux
import Testing

extension RealPackets {
    /// Steering rules are there while a hook is, and nothing else in the namespace changes (`he_interested`, R45, R50).
    @Suite struct SteeringFollowsHooks {
        /// How many rules each event's chain has, asked of the kernel.
        private func rules(of rig: Rig) throws -> [String: Int] {
            try rig.right.run { () throws(NetiError) in
                let socket = clnx_nft_open()
                defer { closeDescriptor(socket) }
                var counts: [String: Int] = [:]
                for (family, number) in [("inet", UInt8(CLNX_NFT_IPV4)), ("inet6", UInt8(CLNX_NFT_IPV6))] {
                    for event in NetworkEvent.allCases {
                        var rules = [clnx_nft_listed_rule](repeating: clnx_nft_listed_rule(), count: 8)
                        let count = unsafe clnx_nft_rules(socket, number, "neti", event.rawValue, &rules, 8)
                        if count != 0 { counts["\(family) \(event)"] = Int(count) }
                    }
                }
                return counts
            }
        }

        @Test("Rules come with an event's first hook and go with its last one (R45, R50)")
        func comeAndGo() throws {
            try Rig.with { rig in
                #expect(try rules(of: rig) == [:])
                #expect(try rig.right.execute("nft", "list", "ruleset") == "")
                let handle = rig.instance.protocolHandle(.inet)
                #expect(!handle.event(.physicalIn).isInterested)

                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
                #expect(handle.event(.physicalIn).isInterested)
                #expect(try rules(of: rig) == ["inet PHYSICAL_IN": 3])
                try rig.register("b", on: .physicalIn, of: .inet) { _ in .pass }
                try rig.register("a", on: .physicalOut, of: .inet6) { _ in .pass }
                #expect(try rules(of: rig) == ["inet PHYSICAL_IN": 3, "inet6 PHYSICAL_OUT": 1])
                try rig.unregister("a", from: .physicalIn, of: .inet)
                #expect(try rules(of: rig) == ["inet PHYSICAL_IN": 3, "inet6 PHYSICAL_OUT": 1])
                try rig.unregister("b", from: .physicalIn, of: .inet)
                #expect(!handle.event(.physicalIn).isInterested)
                #expect(try rules(of: rig) == ["inet6 PHYSICAL_OUT": 1])
                try rig.unregister("a", from: .physicalOut, of: .inet6)
                #expect(try rules(of: rig) == [:])

                // The base chains stay: deleting one would drop what waits in any queue of the namespace.
                let listing = try rig.right.execute("nft", "list", "ruleset")
                #expect(listing.contains("chain PHYSICAL_IN") && listing.contains("chain PHYSICAL_OUT"))
                #expect(!listing.lowercased().contains("queue"))
            }
        }

        @Test(
            "Rules of each event come and go with its hooks (R45, R50)", arguments: NetworkFamily.ip,
            [NetworkEvent.forwarding, .loopbackOut, .loopbackIn])
        func eachEvent(_ family: NetworkFamily, _ event: NetworkEvent) throws {
            try Rig.with { rig in
                try rig.register("a", on: event, of: family) { _ in .pass }
                #expect(try rules(of: rig) == ["\(family) \(event)": 1])
                try rig.unregister("a", from: event, of: family)
                #expect(try rules(of: rig) == [:])
            }
        }

        @Test("A hook on OBSERVING steers what it shows, beside the hooks that are there (R104)")
        func observing() throws {
            try Rig.with { rig in
                let shown = ["inet PHYSICAL_IN": 3, "inet PHYSICAL_OUT": 1, "inet LOOPBACK_OUT": 1]
                try rig.register("a", on: .observing, of: .inet) { _ in .pass }
                #expect(try rules(of: rig) == shown)
                try rig.register("a", on: .loopbackOut, of: .inet) { _ in .pass }
                try rig.register("a", on: .forwarding, of: .inet) { _ in .pass }
                #expect(try rules(of: rig) == shown.merging(["inet FORWARDING": 1]) { $1 })
                try rig.unregister("a", from: .loopbackOut, of: .inet)
                #expect(try rules(of: rig) == shown.merging(["inet FORWARDING": 1]) { $1 })
                try rig.register("a", on: .physicalOut, of: .inet) { _ in .pass }
                try rig.unregister("a", from: .observing, of: .inet)
                #expect(try rules(of: rig) == ["inet PHYSICAL_OUT": 1, "inet FORWARDING": 1])
            }
        }

        @Test("Events that come and go lose no packet that waits at another one")
        func othersKeepTheirPackets() throws {
            try Rig.with { rig in
                let barrier = Barrier()
                try rig.register("hold", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Crossing.port) { barrier.pass() }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number in UInt8(0)..<20 { try sender.send([number], to: receiver) }
                #expect(Deadline(.seconds(3)).sees { barrier.arrivals > 0 })
                for event in [NetworkEvent.forwarding, .loopbackOut, .loopbackIn, .physicalOut, .observing] {
                    try rig.register("other", on: event, of: .inet) { _ in .pass }
                }
                #expect(try rules(of: rig).count == 5)
                barrier.open()
                for number in UInt8(0)..<20 { #expect(try receiver.receive()?.bytes == [number]) }
            }
        }

        @Test("A person sees the table by nft, with its chains and priorities")
        func listing() throws {
            try Rig.with { rig in
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
                try rig.register("a", on: .physicalOut, of: .inet) { _ in .pass }
                try rig.register("a", on: .forwarding, of: .inet) { _ in .pass }
                try rig.register("a", on: .loopbackOut, of: .inet) { _ in .pass }
                try rig.register("a", on: .loopbackIn, of: .inet) { _ in .pass }
                let listing = try rig.right.execute("nft", "-y", "list", "table", "ip", "neti")
                #expect(listing.contains("hook forward priority -450"), "\(listing)")
                #expect(listing.contains("hook output priority 2147483647"), "\(listing)")
                #expect(listing.contains("hook input priority -450"), "\(listing)")
                #expect(listing.contains("hook prerouting priority -450"), "\(listing)")
                #expect(listing.contains("hook postrouting priority 2147483647"), "\(listing)")
                // nft(8) shows the compat target by its name, which it may not be able to take apart.
                let rules = listing.split(separator: "\n").filter { $0.lowercased().contains("queue") }
                #expect(rules.count == 7, "\(listing)")
                let tables = try rig.right.execute("nft", "list", "tables")
                #expect(tables == "table ip neti\n")
            }
        }

        @Test("Tables of others stay as they are")
        func foreignTables() throws {
            try Rig.with { rig in
                try rig.right.loadRules(
                    """
                    table ip theirs { chain c { type filter hook prerouting priority -450; udp dport 1 counter drop; }; }
                    table ip6 theirs { chain c { type filter hook postrouting priority 5; counter; }; }
                    table inet neti { chain c { counter drop; }; }
                    """)
                func others() throws -> [String] {
                    try [("ip", "theirs"), ("ip6", "theirs"), ("inet", "neti")].map { family, table in
                        try rig.right.execute("nft", "--stateless", "list", "table", family, table)
                    }
                }
                let before = try others()
                for family in NetworkFamily.ip {
                    for event in NetworkEvent.physical { try rig.register("a", on: event, of: family) { _ in .pass } }
                }
                #expect(try others() == before)
                for family in NetworkFamily.ip {
                    for event in NetworkEvent.physical { try rig.unregister("a", from: event, of: family) }
                }
                #expect(try others() == before)
                try rig.provider.removeInstance(rig.instance)
                #expect(try others() == before)
                let tables = try rig.right.execute("nft", "list", "tables").split(separator: "\n")
                #expect(tables == ["table ip theirs", "table ip6 theirs", "table inet neti"])
            }
        }

        @Test("No packet is queued for an event without hooks")
        func unhookedCostsNothing() throws {
            try Rig.with { rig in
                try rig.register("a", on: .physicalOut, of: .inet6) { _ in .pass }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet)
                for number in 0..<10 {
                    try sender.send([UInt8(number)], to: receiver)
                    #expect(try receiver.receive()?.bytes == [UInt8(number)])
                }
                let queued = rig.instance.protocolHandle(.inet).event(.physicalIn).counters.events
                #expect(queued == 0)
            }
        }
    }
}
