// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import NetiLinux
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

    private let broker: NamespaceBroker

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
            try join()
            for family in NetworkFamily.ip { try awaitCable(family) }
        } catch {
            broker.stop()
            throw error
        }
    }

    /// Lays the cable. Both ends know each other's link-layer address from the start: asking for it in IPv6 may take a
    /// second, in which packets wait.
    private func join() throws(NetiError) {
        let device = Host.interface
        let (leftAddress, rightAddress) = (Self.text(left.linkLayer), Self.text(right.linkLayer))
        // Where both ends have the same index, the kernel takes up to a second to tell that the link is up, and IPv6 waits
        // for that (linkwatch_urgent_event in net/core/link_watch.c).
        let ends = [(left, leftAddress, "100"), (right, rightAddress, "101")].map { host, address, index in
            ["name", device, "address", address, "index", index, "netns", host.name]
        }
        try Command.run("ip", ["link", "add"] + ends[0] + ["type", "veth", "peer"] + ends[1])
        for (host, peer, peerAddress) in [(left, right, rightAddress), (right, left, leftAddress)] {
            try Command.run(
                "ip", ["-n", host.name, "-batch", "-"],
                input: """
                    link set lo up
                    address add \(host.inet)/24 dev \(device)
                    address add \(host.inet6)/64 dev \(device) nodad
                    link set \(device) up
                    neighbour add \(peer.inet) lladdr \(peerAddress) dev \(device) nud permanent
                    neighbour add \(peer.inet6) lladdr \(peerAddress) dev \(device) nud permanent

                    """)
        }
    }

    /// Waits until packets come through both ways: the kernel activates an interface a moment after it is up.
    private func awaitCable(_ family: NetworkFamily) throws(NetiError) {
        let ends = (try UDPSocket(on: left, family), try UDPSocket(on: right, family))
        for (sender, receiver) in [ends, (ends.1, ends.0)] {
            let isThrough = Deadline(.seconds(5)).sees {
                _ = try? sender.send([0], to: receiver)
                return (try? receiver.receive(within: .milliseconds(5))) != nil
            }
            guard isThrough else { throw NetiError(.timedOut, "no \(family) packet comes through the cable") }
        }
    }

    private static func text(_ linkLayer: [UInt8]) -> String {
        linkLayer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
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
