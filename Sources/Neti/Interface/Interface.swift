// SPDX-License-Identifier: Apache-2.0

/// A network interface as the kernel describes it.
public struct Interface: Hashable, Sendable {
    /// The kernel's index (`phy_if_t`), above 0, unique in its namespace (R54).
    ///
    /// An interface keeps it for life; one that moves to another namespace disappears here and appears there.
    public var index: UInt32

    /// The name, at most 15 bytes. It may change.
    public var name: String

    /// The device's flags (`IFF_UP` and so on).
    public var flags: InterfaceFlags

    /// The longest IP packet that it takes, in bytes.
    public var mtu: UInt32

    /// Index of the bridge, bond or the like that it belongs to; 0 for none.
    public var master: UInt32

    /// What kind of link layer it has (`ARPHRD_*`): 1 for Ethernet, 772 for loopback.
    public var linkType: UInt16

    /// Its own link-layer address; nil when it has none, or one of more than 8 bytes. That of loopback is six zeros.
    public var linkAddress: LinkLayerAddress?

    /// What makes it, in the words of `ip link`: `veth`, `bridge`; empty for hardware and loopback.
    public var kind: String

    /// Describes an interface.
    public init(
        index: UInt32, name: String, flags: InterfaceFlags = [], mtu: UInt32 = 0, master: UInt32 = 0,
        linkType: UInt16 = 0, linkAddress: LinkLayerAddress? = nil, kind: String = ""
    ) {
        self.index = index
        self.name = name
        self.flags = flags
        self.mtu = mtu
        self.master = master
        self.linkType = linkType
        self.linkAddress = linkAddress
        self.kind = kind
    }

    /// Whether it was set up (`IFF_UP`); carrier is another matter (R194).
    var isUp: Bool { flags.contains(.up) }

    var isLoopback: Bool { flags.contains(.loopback) }
}

/// Flags of an interface, and of one of its addresses, in one set (`net_getlifflags`, R53).
///
/// The low 32 bits are the device's `IFF_*` of netdevice(7), the high ones the address's `IFA_F_*` of `linux/if_addr.h`.
public struct InterfaceFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits.
    public let rawValue: UInt64

    /// Wraps any bits.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The two halves as the kernel has them.
    public init(device: UInt32, address: UInt32 = 0) {
        self.init(rawValue: UInt64(address) << 32 | UInt64(device))
    }

    /// `IFF_UP`: it was set up.
    public static let up = InterfaceFlags(device: 0x1)
    /// `IFF_BROADCAST`: it has a broadcast address.
    public static let broadcast = InterfaceFlags(device: 0x2)
    /// `IFF_LOOPBACK`: it leads back to this host.
    public static let loopback = InterfaceFlags(device: 0x8)
    /// `IFF_POINTOPOINT`: it leads to one peer.
    public static let pointToPoint = InterfaceFlags(device: 0x10)
    /// `IFF_RUNNING`: it is operational, with carrier.
    public static let running = InterfaceFlags(device: 0x40)
    /// `IFF_NOARP`: addresses are not resolved.
    public static let noARP = InterfaceFlags(device: 0x80)
    /// `IFF_PROMISC`: it receives everything.
    public static let promiscuous = InterfaceFlags(device: 0x100)
    /// `IFF_MULTICAST`: it supports multicast.
    public static let multicast = InterfaceFlags(device: 0x1000)

    /// `IFA_F_SECONDARY` in IPv4, `IFA_F_TEMPORARY` in IPv6.
    public static let secondary = InterfaceFlags(device: 0, address: 0x1)
    /// `IFA_F_DADFAILED`: another host has the address.
    public static let duplicate = InterfaceFlags(device: 0, address: 0x8)
    /// `IFA_F_DEPRECATED`: not for new conversations.
    public static let deprecated = InterfaceFlags(device: 0, address: 0x20)
    /// `IFA_F_TENTATIVE`: whether another host has the address is still being found out.
    public static let tentative = InterfaceFlags(device: 0, address: 0x40)
    /// `IFA_F_PERMANENT`: it doesn't expire.
    public static let permanent = InterfaceFlags(device: 0, address: 0x80)
}
