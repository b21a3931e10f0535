// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
public import NetiLinux
public import Packet
import Synchronization
import SystemPackage

/// A network namespace of its own, with one interface that leads to a peer.
public final class Host: Sendable {
    /// The folder of named namespaces.
    static let directory = "/run/netns"

    /// The name under which `ip netns` knows it.
    public let name: String

    /// The name of the interface that leads to the peer.
    public static let interface = "veth0"

    /// The address in 192.0.2.0/24.
    public let inet: IPAddress

    /// The address in 2001:db8::/64.
    public let inet6: IPAddress

    private let broker: NamespaceBroker
    private let isThere = Atomic(true)

    init(_ name: HostName, number: UInt8, broker: NamespaceBroker) throws(NetiError) {
        self.name = name.description
        self.broker = broker
        inet = IPAddress(v4: 0xC000_0200 | UInt32(number))
        inet6 = IPAddress(v6High: 0x2001_0DB8_0000_0000, low: UInt64(number))
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
        case .inet: inet
        case .inet6: inet6
        }
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
