// SPDX-License-Identifier: Apache-2.0

import Hooks
public import Packet

/// What has to be known of an interface to give it a packet: a plain value without references.
public struct InterfaceLink: Hashable, Sendable, BitwiseCopyable {
    /// What kind of link layer it has: ``Interface/linkType``.
    public var type: UInt16

    /// Its own link-layer address: ``Interface/linkAddress``.
    public var address: LinkLayerAddress?

    /// The device's flags: ``Interface/flags``.
    public var flags: InterfaceFlags

    /// The longest IP packet that it takes, in bytes: ``Interface/mtu``.
    public var mtu: UInt32

    /// Index of the bridge, bond or the like that it belongs to, 0 for none: ``Interface/master``.
    public var master: UInt32

    /// Puts all of it together.
    public init(type: UInt16, address: LinkLayerAddress?, flags: InterfaceFlags, mtu: UInt32, master: UInt32 = 0) {
        self.type = type
        self.address = address
        self.flags = flags
        self.mtu = mtu
        self.master = master
    }
}

extension InterfaceTable {
    /// What has to be known of an interface to give it a packet; nil when there is none of that index.
    ///
    /// For any thread; in a hook it takes no lock and allocates nothing.
    public func link(of interface: UInt32) -> InterfaceLink? {
        interfaces.read { $0.link(of: interface) }
    }

    /// The way to an address by longest prefix, as ``NetworkProtocol/route(to:)``; nil without one.
    public func route(to destination: IPAddress) -> NextHop? {
        routes.read { $0.route(to: destination) }
    }

    /// Both at once: the link of an interface, and what an address is there; nil when there is no such interface.
    public func outlet(_ interface: UInt32, for address: IPAddress) -> (link: InterfaceLink, role: AddressRole)? {
        interfaces.read { $0.outlet(interface, for: address) }
    }

    /// What an address is on an interface. For any thread; in a hook it takes no lock and allocates nothing.
    public func role(of address: IPAddress, on interface: UInt32) -> AddressRole {
        interfaces.read { $0.role(of: address, on: interface) }
    }
}

/// What an address is on an interface.
public enum AddressRole: Sendable, BitwiseCopyable {
    /// One of the interface's own.
    case own
    /// The broadcast address of one of its networks.
    case broadcast
    /// Anybody's.
    case other
}
