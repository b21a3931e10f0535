// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import NetiLinux
import SystemPackage

/// Two hosts with a router between them: 192.0.2.1 on the left, 198.51.100.2 on the right; the router is .254 of both
/// networks, and the same with 2001:db8::/64 and 2001:db8:0:1::/64.
///
/// All are gone when the scope ends, as those of ``HostPair`` are.
public final class RoutedHosts: Sendable {
    /// The host 192.0.2.1.
    public let left: Host

    /// The router; its interface ``Host/interface`` leads to the left, ``rightInterface`` to the right.
    public let router: Host

    /// The host 198.51.100.2.
    public let right: Host

    /// The router's second interface.
    public static let rightInterface = "veth1"

    private let broker: NamespaceBroker

    /// Makes the hosts, hands them to `body`, and removes them.
    ///
    /// - Throws: as ``HostPair/with(rightName:_:)``.
    public static func with<Value>(_ body: (RoutedHosts) throws -> Value) throws -> Value {
        let hosts = try RoutedHosts()
        defer { hosts.remove() }
        return try body(hosts)
    }

    private init() throws(NetiError) {
        guard geteuid() == 0 else {
            throw NetiError(.notPermitted, "network namespaces need root: run this as root")
        }
        broker = try NamespaceBroker()
        do throws(NetiError) {
            left = try Host(.next(), number: 1, broker: broker)
            router = try Host(.next(), number: 254, broker: broker)
            right = try Host(.next(), number: 2, on: .second, broker: broker)
            try join()
            try awaitReachability(from: left, to: right)
        } catch {
            broker.stop()
            throw error
        }
    }

    private func join() throws(NetiError) {
        for host in [left, router, right] { try host.ip("link", "set", "lo", "up") }
        let far = CableEnd(router, device: Self.rightInterface, number: 254, on: .second)
        try Cable.lay(from: CableEnd(left), to: CableEnd(router))
        try Cable.lay(from: far, to: CableEnd(right))
        for (host, inet, inet6) in [(left, router.inet, router.inet6), (right, far.inet, far.inet6)] {
            try host.ip("route", "add", "default", "via", "\(inet)")
            try host.ip("-6", "route", "add", "default", "via", "\(inet6)")
        }
        for name in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
            // These belong to the namespace of the thread that opens them.
            try router.run { () throws(NetiError) in try writeFile("/proc/sys/net/\(name)", "1") }
        }
    }

    private func remove() {
        for host in [left, router, right] { host.remove() }
        broker.stop()
    }
}
