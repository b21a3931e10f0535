// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
public import NetiLinux
public import Packet
import Synchronization
import SystemPackage

/// A network namespace of its own, with an interface that leads to a peer.
public final class Host: Sendable {
    /// The folder of named namespaces.
    static let directory = "/run/netns"

    /// The name under which `ip netns` knows it.
    public let name: String

    /// The name of the interface that leads to the peer.
    public static let interface = "veth0"

    /// The address in 192.0.2.0/24, or of a host behind a router in 198.51.100.0/24.
    public let inet: IPAddress

    /// The address in 2001:db8::/64, or of a host behind a router in 2001:db8:0:1::/64.
    public let inet6: IPAddress

    /// The link-layer address of ``interface``.
    public let linkLayer: [UInt8]

    private let broker: NamespaceBroker
    private let isThere = Atomic(true)

    init(
        _ name: HostName, number: UInt8, on network: TestNetwork = .first, broker: NamespaceBroker
    ) throws(NetiError) {
        self.name = name.description
        self.broker = broker
        inet = network.inet(number)
        inet6 = network.inet6(number)
        linkLayer = [0x02, 0, 0, 0, 0, number]
        try Command.run("ip", ["netns", "add", self.name])
    }

    deinit {
        remove()
    }

    /// Where it is found.
    public var namespace: Namespace { .path("\(Self.directory)/\(name)") }

    /// Its address of a family.
    public func address(_ family: NetworkFamily) -> IPAddress {
        switch family {
        case .inet, .arp: inet
        case .inet6: inet6
        }
    }

    /// Gives the host more addresses, 192.0.2.10 and on, for flows that the kernel tells apart.
    public func addAddresses(_ count: Int) throws(NetiError) -> [IPAddress] {
        let more = (0..<UInt32(count)).map { IPAddress(v4: 0xC000_020A + $0) }
        let lines = more.map { "address add \($0)/24 dev \(Self.interface)\n" }
        try Command.run("ip", ["-n", name, "-batch", "-"], input: lines.joined())
        return more
    }

    /// Runs something inside, on the thread that enters namespaces; see ``NamespaceBroker/run(in:_:)``.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(NetiError) -> Value
    ) throws(NetiError) -> Value {
        try broker.run(in: namespace, body)
    }

    /// Runs `ip -n NAME ...`.
    @discardableResult
    public func ip(_ arguments: String...) throws(NetiError) -> String {
        try Command.run("ip", ["-n", name] + arguments)
    }

    /// Runs a program inside.
    @discardableResult
    public func execute(_ program: String, _ arguments: String...) throws(NetiError) -> String {
        try Command.run("ip", ["netns", "exec", name, program] + arguments)
    }

    /// Loads nftables rules in the words of nft(8).
    public func loadRules(_ rules: String) throws(NetiError) {
        try Command.run("ip", ["netns", "exec", name, "nft", "-f", "-"], input: rules)
    }

    /// Reads a file of `/proc` as it looks from inside, such as `net/snmp`.
    public func procFile(_ path: String) throws(NetiError) -> String {
        try run { () throws(NetiError) in try readFile("/proc/thread-self/\(path)") }
    }

    /// Removes the name, and with it the namespace as soon as nobody uses it any more.
    public func remove() {
        guard isThere.exchange(false, ordering: .acquiringAndReleasing) else { return }
        _ = try? Command.run("ip", ["netns", "delete", name])
    }
}
