// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
public import NetiLinux
import Synchronization
import SystemPackage

/// Two hosts joined by a cable: 192.0.2.1 and 2001:db8::1 on the left, .2 and ::2 on the right.
///
/// The cable is a veth pair, and checksums are left to the other end as the kernel does by default. Both hosts are gone
/// when the scope ends, however it ends; those of a process that was killed are removed by the next one.
public final class HostPair: Sendable {
    /// The host 192.0.2.1.
    public let left: Host

    /// The host 192.0.2.2.
    public let right: Host

    /// The thread that enters the hosts.
    public let broker: NamespaceBroker

    /// Makes two hosts, hands them to `body`, and removes them.
    ///
    /// - Parameter rightName: what the right host is called; nil for a name of its own.
    /// - Throws: `EPERM` when the process isn't root, `ENOENT` when iproute2 isn't installed, and what `body` throws.
    public static func with<Value>(
        rightName: HostName? = nil, _ body: (HostPair) throws -> Value
    ) throws -> Value {
        let pair = try HostPair(rightName: rightName ?? .next())
        defer { pair.remove() }
        return try body(pair)
    }

    private init(rightName: HostName) throws(NetiError) {
        guard geteuid() == 0 else {
            throw NetiError(.notPermitted, "network namespaces need root: run this as root")
        }
        Self.removeLeftovers()
        broker = try NamespaceBroker()
        do throws(NetiError) {
            left = try Host(.next(), number: 1, broker: broker)
            right = try Host(rightName, number: 2, broker: broker)
            for host in [left, right] { try host.ip("link", "set", "lo", "up") }
            try Cable.lay(from: CableEnd(left), to: CableEnd(right))
            try awaitReachability(from: left, to: right)
        } catch {
            broker.stop()
            throw error
        }
    }

    /// Removes both hosts and ends the thread that enters them.
    private func remove() {
        left.remove()
        right.remove()
        broker.stop()
    }

    /// What processes that are dead left behind.
    private static func removeLeftovers() {
        for name in listFolder(Host.directory) {
            guard let host = HostName(name), host.isOrphaned else { continue }
            _ = try? Command.run("ip", ["netns", "delete", name])
        }
    }

    /// Names of namespaces that this process has made and not removed yet.
    public static var remaining: [String] {
        listFolder(Host.directory).filter { HostName($0)?.process == getpid() }
    }
}
