// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Packet
import SystemPackage

/// The networks of tests, numbers for documentation (RFC 5737, RFC 3849).
enum TestNetwork: UInt8 {
    /// 192.0.2.0/24 and 2001:db8::/64.
    case first
    /// 198.51.100.0/24 and 2001:db8:0:1::/64, behind a router.
    case second

    func inet(_ number: UInt8) -> IPAddress {
        IPAddress(v4: (self == .first ? 0xC000_0200 : 0xC633_6400) | UInt32(number))
    }

    func inet6(_ number: UInt8) -> IPAddress {
        IPAddress(v6High: 0x2001_0DB8_0000_0000 | UInt64(rawValue), low: UInt64(number))
    }
}

/// An interface of a host, into which a cable is plugged.
struct CableEnd {
    let host: Host
    var device = Host.interface
    let inet: IPAddress
    let inet6: IPAddress
    let linkLayer: [UInt8]

    /// The interface that leads to the peer.
    init(_ host: Host) {
        self.host = host
        (inet, inet6, linkLayer) = (host.inet, host.inet6, host.linkLayer)
    }

    /// Another one.
    init(_ host: Host, device: String, number: UInt8, on network: TestNetwork) {
        self.host = host
        self.device = device
        (inet, inet6) = (network.inet(number), network.inet6(number))
        linkLayer = [0x02, 0, 0, 0, network.rawValue, number]
    }
}

/// A veth pair between two hosts.
enum Cable {
    /// Lays a cable. Both ends know each other's link-layer address from the start: asking for it in IPv6 may take a
    /// second, in which packets wait.
    static func lay(from one: CableEnd, to other: CableEnd) throws(NetiError) {
        // Where both ends have the same index, the kernel takes up to a second to tell that the link is up, and IPv6 waits
        // for that (linkwatch_urgent_event in net/core/link_watch.c).
        let ends = [(one, "100"), (other, "101")].map { end, index in
            ["name", end.device, "address", text(end.linkLayer), "index", index, "netns", end.host.name]
        }
        try Command.run("ip", ["link", "add"] + ends[0] + ["type", "veth", "peer"] + ends[1])
        for (end, peer) in [(one, other), (other, one)] {
            try Command.run(
                "ip", ["-n", end.host.name, "-batch", "-"],
                input: """
                    address add \(end.inet)/24 dev \(end.device)
                    address add \(end.inet6)/64 dev \(end.device) nodad
                    link set \(end.device) up
                    neighbour add \(peer.inet) lladdr \(text(peer.linkLayer)) dev \(end.device) nud permanent
                    neighbour add \(peer.inet6) lladdr \(text(peer.linkLayer)) dev \(end.device) nud permanent

                    """)
        }
    }

    private static func text(_ linkLayer: [UInt8]) -> String {
        linkLayer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

/// Waits until packets come through both ways: the kernel activates an interface a moment after it is up.
func awaitReachability(from one: Host, to other: Host) throws(NetiError) {
    for family in NetworkFamily.ip {
        let ends = (try UDPSocket(on: one, family), try UDPSocket(on: other, family))
        for (sender, receiver) in [ends, (ends.1, ends.0)] {
            let isThrough = Deadline(.seconds(5)).sees {
                _ = try? sender.send([0], to: receiver)
                return (try? receiver.receive(within: .milliseconds(5))) != nil
            }
            guard isThrough else { throw NetiError(.timedOut, "no \(family) packet comes through the cable") }
        }
    }
}
