// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Synchronization
import Testing

extension RealPackets {
    /// The look-ups of handles against what ip(8) and the kernel say about the same namespace.
    @Suite struct LookUpsAgreeWithIP {
        /// What `ip -j address` writes, as far as it is compared.
        private struct Link: Decodable {
            struct Address: Decodable {
                var family: String
                var local: String
                var address: String?
                var prefixlen: UInt8
                var broadcast: String?
            }

            var ifindex: UInt32
            var ifname: String
            var mtu: Int
            var flags: [String]
            var link_type: String
            var address: String
            var addr_info: [Address]
        }

        private static func text(_ address: LinkLayerAddress) -> String {
            (0..<UInt64(address.length)).map { place in
                let byte = address.rawValue >> (56 - 8 * place) & 0xFF
                return (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined(separator: ":")
        }

        private static let setUp = """
            address add 198.51.100.1/25 broadcast 198.51.100.127 dev veth0
            address add 203.0.113.1 peer 203.0.113.2/32 dev veth0
            link add d0 index 100 type veth peer name p0
            link set d0 addrgenmode none
            link set p0 addrgenmode none
            link set d0 mtu 1400
            link set d0 up
            link set p0 up
            address add 198.51.100.129/25 dev d0
            address add 2001:db8:1::1/64 dev d0 nodad
            address add 2001:db8:2::1/64 dev d0 nodad
            """

        @Test("Names, indexes, MTUs, flags, link-layer and IP addresses are those of ip -j address (R53 to R57)")
        func interfaces() throws {
            try Rig.with { rig in
                try rig.right.batch(Self.setUp)
                let handles = NetworkFamily.ip.map(rig.instance.protocolHandle)
                #expect(
                    Deadline(.seconds(5)).sees {
                        handles[1].addresses(of: 100, logical: 2)?.address.description == "2001:db8:2::1"
                    })
                let json = try rig.right.ip("-j", "address")
                let links = try JSONDecoder().decode([Link].self, from: Data(json.utf8))
                #expect(links.count == 4)
                for (handle, family) in zip(handles, ["inet", "inet6"]) {
                    var index: UInt32 = 0
                    for link in links.sorted(by: { $0.ifindex < $1.ifindex }) {
                        index = try #require(handle.interface(after: index))
                        #expect(index == link.ifindex && handle.interface(named: link.ifname) == index)
                        #expect(handle.interfaceName(of: index) == link.ifname)
                        #expect(handle.mtu(of: index) == link.mtu)
                        let flags = try #require(handle.flags(of: index))
                        for (name, flag) in [
                            ("UP", InterfaceFlags.up), ("LOOPBACK", .loopback), ("BROADCAST", .broadcast),
                            ("MULTICAST", .multicast), ("NOARP", .noARP),
                        ] {
                            #expect(flags.contains(flag) == link.flags.contains(name), "\(name) of \(link.ifname)")
                        }
                        let known = try #require(rig.instance.interfaces.link(of: index))
                        #expect(known.address.map(Self.text) == link.address)
                        #expect(known.type == (link.link_type == "ether" ? 1 : 772) && known.mtu == link.mtu)
                        try compare(link.addr_info.filter { $0.family == family }, handle, index)
                    }
                    #expect(handle.interface(after: index) == nil)
                }
            }
        }

        private func compare(_ addresses: [Link.Address], _ handle: NetworkProtocol, _ index: UInt32) throws {
            var found: [InterfaceAddress] = []
            var logical = 0
            while let next = handle.logicalInterface(after: logical, of: index) {
                logical = next
                found.append(try #require(handle.addresses(of: index, logical: logical)))
            }
            guard !addresses.isEmpty else {
                #expect(found.map(\.prefixLength) == [0])
                return
            }
            // ip lists them in the kernel's order, which isn't that of their making.
            #expect(Set(found.map(\.address.description)) == Set(addresses.map(\.local)))
            #expect(found.count == addresses.count)
            for address in addresses {
                let same = try #require(found.first { $0.address.description == address.local })
                #expect(same.prefixLength == address.prefixlen)
                #expect(same.peer?.description == address.address)
                #expect(same.broadcast?.description == address.broadcast)
            }
        }

        /// What `ip -j route get` writes.
        private struct Way: Decodable {
            struct Via: Decodable { var host: String }

            var type: String?
            var dev: String?
            var gateway: String?
            var via: Via?
        }

        private static let routes = """
            route add 203.0.113.64/26 via 198.51.100.7
            route add 203.0.113.64/28 via 198.51.100.130
            route add 203.0.113.80/32 dev d0 metric 50
            route add 203.0.113.80/32 via 198.51.100.7 metric 10
            route add blackhole 203.0.113.96/28
            route add unreachable 203.0.113.112/29
            route add prohibit 203.0.113.120/29
            route add throw 203.0.113.128/28
            route add 203.0.113.128/25 via 198.51.100.7 table default
            route add 203.0.113.192/28 via inet6 2001:db8:1::7 dev d0
            nexthop add id 1 via 198.51.100.131 dev d0
            route add 203.0.113.208/28 nhid 1
            route add 2001:db8:3::/48 via 2001:db8:1::7
            route add 2001:db8:3:3::/64 via 2001:db8:2::7
            route add blackhole 2001:db8:3:4::/64
            route add unreachable 2001:db8:3:5::/64
            route add 2001:db8:3:6::/64 dev d0
            """

        private static let destinations = [
            "192.0.2.1", "192.0.2.2", "192.0.2.200", "198.51.100.1", "198.51.100.7", "198.51.100.200", "203.0.113.1",
            "203.0.113.2", "203.0.113.3", "203.0.113.65", "203.0.113.79", "203.0.113.80", "203.0.113.81",
            "203.0.113.97", "203.0.113.113", "203.0.113.121", "203.0.113.129", "203.0.113.200", "203.0.113.209",
            "203.0.113.254", "127.0.0.1", "127.3.2.1", "192.0.2.255",
            "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "2001:db8:1::99", "2001:db8:2::99", "2001:db8:3::1",
            "2001:db8:3:3::1", "2001:db8:3:4::1", "2001:db8:3:5::1", "2001:db8:3:6::1", "2001:db8:4::1", "::1",
        ]

        @Test("Routes are those of ip route get (R157, R159 to R161)", arguments: [false, true])
        func routes(hasDefault: Bool) throws {
            try Rig.with { rig in
                let defaults =
                    hasDefault
                    ? "\nroute add default via 192.0.2.1\nroute add ::/0 via 2001:db8::1 metric 5" : ""
                try rig.right.batch(Self.setUp + "\n" + Self.routes + defaults)
                for text in Self.destinations {
                    let destination = try #require(IPAddress(text))
                    let handle = rig.instance.protocolHandle(destination.version == .v4 ? .inet : .inet6)
                    let answer = try? rig.right.ip("-j", "route", "get", text)
                    let way = try answer.flatMap { try JSONDecoder().decode([Way].self, from: Data($0.utf8)).first }
                    let expected = try way.map { try hop(of: $0, to: destination, handle) }
                    let agrees = Deadline(.seconds(5)).sees { handle.route(to: destination) == expected }
                    let found = String(describing: handle.route(to: destination))
                    #expect(agrees, "\(text): \(found), kernel \(answer ?? "none")")
                }
            }
        }

        /// What the kernel says in our words; its device for a local destination is `lo`, ours the owner (R161).
        private func hop(of way: Way, to destination: IPAddress, _ handle: NetworkProtocol) throws -> NextHop {
            let gateway = try (way.gateway ?? way.via?.host).map { try #require(IPAddress($0)) }
            if way.type == "local" {
                let interface = try #require(owner(of: destination, handle))
                return NextHop(interface: interface, address: destination)
            }
            let name = try #require(way.dev)
            let device = try #require(handle.interface(named: name))
            return NextHop(interface: device, address: gateway ?? destination)
        }

        private func owner(of address: IPAddress, _ handle: NetworkProtocol) -> UInt32? {
            if address.version == .v4, address.v4 >> 24 == 127 { return 1 }
            var index: UInt32 = 0
            while let next = handle.interface(after: index) {
                index = next
                var logical = 0
                while let following = handle.logicalInterface(after: logical, of: index) {
                    logical = following
                    if handle.addresses(of: index, logical: logical)?.address == address { return index }
                }
            }
            return nil
        }

        @Test("An instance comes up where routes change all the time, with those that there are")
        func restlessRoutes() throws {
            try HostPair.with { hosts in
                let host = hosts.right
                // So many that they change again while they are being listed.
                for part in 0..<20 {
                    let routes = (0..<1000).map { "route add 198.51.100.0/24 dev veth0 metric \(part * 1000 + $0)" }
                    try host.batch(routes.joined(separator: "\n"))
                }
                let change = "route replace 203.0.113.1/32 dev veth0\nroute del 203.0.113.1/32"
                let changes = Array(repeating: change, count: 500).joined(separator: "\n")
                let isOver = Atomic(false)
                let churn = try Worker { () throws(NetiError) in
                    while !isOver.load(ordering: .relaxed) { try? host.batch(changes) }
                }
                let provider = try LinuxProvider(pumps: 1)
                defer { provider.stop() }
                let arrival = try Worker { () throws(NetiError) in
                    try provider.addInstance(named: host.name, in: host.namespace)
                }
                let isUp = Deadline(.seconds(15)).sees { arrival.isDone }
                isOver.store(true, ordering: .relaxed)
                try churn.join()
                let inet = try arrival.join().protocolHandle(.inet)
                #expect(isUp)
                #expect(inet.route(to: IPAddress(v4: 0xC633_6401)) != nil)
            }
        }

        @Test("Of several next hops it is the first that is alive")
        func multipath() throws {
            try Rig.with { rig in
                try rig.right.batch(
                    Self.setUp + """

                        route add 203.0.113.64/26 nexthop via 198.51.100.130 dev d0 nexthop via 192.0.2.1 dev veth0
                        """)
                let handle = rig.instance.protocolHandle(.inet)
                let destination = IPAddress(v4: 0xCB00_7141)
                #expect(Deadline(.seconds(5)).sees { handle.route(to: destination)?.interface == 100 })
                try rig.right.ip("link", "set", "d0", "down")
                let veth0 = try #require(handle.interface(named: Host.interface))
                #expect(
                    Deadline(.seconds(5)).sees {
                        handle.route(to: destination)
                            == NextHop(interface: veth0, address: IPAddress(v4: 0xC000_0201))
                    })
            }
        }

        @Test("Routes that the kernel drops without a word are gone here too")
        func silentRemoval() throws {
            try Rig.with { rig in
                try rig.right.batch(Self.setUp + "\nroute add 203.0.113.64/26 via 198.51.100.130")
                let handle = rig.instance.protocolHandle(.inet)
                let destination = IPAddress(v4: 0xCB00_7141)
                for undo in ["link set d0 down", "address del 198.51.100.129/25 dev d0"] {
                    #expect(Deadline(.seconds(5)).sees { handle.route(to: destination)?.interface == 100 })
                    try rig.right.batch(undo)
                    #expect(Deadline(.seconds(5)).sees { handle.route(to: destination) == nil })
                    try rig.right.batch(
                        """
                        link set d0 up
                        address replace 198.51.100.129/25 dev d0
                        route replace 203.0.113.64/26 via 198.51.100.130
                        """)
                }
            }
        }

        @Test("The zone is the inode of the namespace, path MTU discovery its sysctl (R53, R58)")
        func zoneAndPathMTU() throws {
            try Rig.with { rig in
                let handle = rig.instance.protocolHandle(.inet6)
                let inode = try Command.run("stat", ["-Lc", "%i", "/run/netns/\(rig.right.name)"])
                #expect(handle.zone(of: 1).map { "\($0)\n" } == inode)
                #expect(handle.isPathMTUDiscoveryEnabled == true)
                try rig.right.execute("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_no_pmtu_disc")
                // It is looked at again with the next change of an interface.
                try rig.right.batch("link add d0 type veth peer name p0")
                #expect(Deadline(.seconds(5)).sees { handle.isPathMTUDiscoveryEnabled == false })
            }
        }

        @Test("A hook learns MTU, name and route of the packet that it holds (R60)")
        func insideAHook() throws {
            try Rig.with { rig in
                let handle = rig.instance.protocolHandle(.inet)
                let told = Log<String>()
                try rig.register("look", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port), let source = packet.datagram?.source else { return .pass }
                    let index = packet.inInterface
                    let name = handle.interfaceName(of: index) ?? ""
                    let way = handle.route(to: source)
                    told.note(
                        "\(name) \(handle.mtu(of: index) ?? 0) \(way?.interface == index) \(way?.address == source)"
                            + " \(packet.hasValidHeaderChecksum == true) \(packet.hasValidTransportChecksum == true)"
                            + " \(packet.missingChecksums == .transportPartial)")
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
                // Between two ends of a veth pair the checksum is never filled in.
                // A hook that holds its own handle keeps it alive until it is taken off.
                try rig.unregister("look", from: .physicalIn, of: .inet)
                #expect(told.entries == ["veth0 1500 true true true true true"])
            }
        }
    }
}
