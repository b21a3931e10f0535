// SPDX-License-Identifier: Apache-2.0

public import Packet

/// A route of the tables `local`, `main` and `default`.
public struct Route: Hashable, Sendable {
    /// The table in which it stands, in the order in which they are asked.
    public enum Table: UInt8, Sendable, Comparable, CaseIterable {
        /// The host's own addresses and broadcasts.
        case local
        /// What `ip route` shows.
        case main
        /// Asked last, usually empty.
        case `default`

        /// Orders by when they are asked.
        public static func < (left: Table, right: Table) -> Bool { left.rawValue < right.rawValue }
    }

    /// What becomes of packets.
    public enum Action: UInt8, Sendable {
        /// They go there: a usual route, or one to this host, to all on a link, to a group.
        case forward
        /// They are refused or thrown away: `unreachable`, `prohibit`, `blackhole`.
        case refuse
        /// The next table is asked: `throw`.
        case askNextTable
    }

    /// The table in which it stands.
    public var table: Table

    /// The first address of the destinations.
    public var destination: IPAddress

    /// Leading bits that all destinations have in common.
    public var prefixLength: UInt8

    /// Of two routes to the same destinations the one with the lower metric counts.
    public var metric: UInt32

    /// What becomes of packets.
    public var action: Action

    /// Index of the interface to which it leads; 0 for none.
    public var interface: UInt32

    /// The router to which packets go; nil when the destinations are on the link or here.
    ///
    /// May be an IPv6 address for IPv4 destinations (RFC 5549).
    public var gateway: IPAddress?

    /// Describes a route.
    public init(
        _ destination: IPAddress, prefixLength: UInt8, table: Table = .main, metric: UInt32 = 0,
        action: Action = .forward, interface: UInt32 = 0, gateway: IPAddress? = nil
    ) {
        self.destination = destination
        self.prefixLength = prefixLength
        self.table = table
        self.metric = metric
        self.action = action
        self.interface = interface
        self.gateway = gateway
    }
}

/// Where packets for an address go next (`net_routeto`, R157 to R160).
public struct NextHop: Hashable, Sendable {
    /// Index of the interface through which they leave; the one that has the address, for the host's own addresses.
    public var interface: UInt32

    /// The router, or the destination itself when it is on the link or here.
    public var address: IPAddress

    /// Pairs interface and address.
    public init(interface: UInt32, address: IPAddress) {
        self.interface = interface
        self.address = address
    }
}
