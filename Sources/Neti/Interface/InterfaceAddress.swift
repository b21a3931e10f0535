// SPDX-License-Identifier: Apache-2.0

public import Packet

/// One address of an interface, a logical interface in the original's words.
public struct InterfaceAddress: Hashable, Sendable {
    /// The address itself (`NA_ADDRESS`).
    public var address: IPAddress

    /// Leading bits that the network has in common.
    public var prefixLength: UInt8

    /// The other end of a point-to-point link (`NA_PEER`); nil if there is none.
    public var peer: IPAddress?

    /// The broadcast address (`NA_BROADCAST`); nil if there is none, as always in IPv6.
    public var broadcast: IPAddress?

    /// The address's own flags (`IFA_F_*`), see ``InterfaceFlags``.
    public var flags: InterfaceFlags

    /// How far the address is valid (`RT_SCOPE_*`): 0 everywhere, 253 on the link, 254 in the host.
    public var scope: UInt8

    /// The label that ip-address(8) gives IPv4 addresses, such as `eth0:1`; else empty.
    public var label: String

    /// Describes an address.
    public init(
        _ address: IPAddress, prefixLength: UInt8, peer: IPAddress? = nil, broadcast: IPAddress? = nil,
        flags: InterfaceFlags = [], scope: UInt8 = 0, label: String = ""
    ) {
        self.address = address
        self.prefixLength = prefixLength
        self.peer = peer
        self.broadcast = broadcast
        self.flags = flags
        self.scope = scope
        self.label = label
    }

    /// The prefix as a mask (`NA_NETMASK`).
    public var netmask: IPAddress { .netmask(address.version, length: Int(prefixLength)) }

    /// The last address of an IPv4 network, which the kernel takes for everybody's whether or not it was given; nil where a
    /// network has none.
    var networkBroadcast: IPAddress? {
        guard address.version == .v4, prefixLength < 31 else { return nil }
        return IPAddress(v4: (peer ?? address).v4 | ~netmask.v4)
    }

    /// The protocol to which it belongs.
    var family: NetworkFamily { address.version == .v4 ? .inet : .inet6 }

    /// Whether it can be used while its interface is up: nobody is asked any more whether he has it (R190 and after).
    var isSettled: Bool { !flags.contains(.tentative) }

    /// What tells it from the interface's other addresses.
    var key: Key { Key(address: address, prefixLength: prefixLength, peer: peer) }

    struct Key: Hashable {
        var address: IPAddress
        var prefixLength: UInt8
        var peer: IPAddress?
    }

    /// What a logical interface has before it gets an address.
    static func unspecified(_ version: IPVersion) -> InterfaceAddress {
        InterfaceAddress(version == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0), prefixLength: 0)
    }
}

extension IPAddress {
    /// So many leading ones.
    static func netmask(_ version: IPVersion, length: Int) -> IPAddress {
        switch version {
        case .v4: IPAddress(v4: UInt32.leadingOnes(length))
        case .v6: IPAddress(v6High: UInt64.leadingOnes(length), low: UInt64.leadingOnes(length - 64))
        }
    }

    /// The address with everything behind the prefix set to 0.
    @inline(__always)
    func network(prefixLength: Int) -> IPAddress {
        switch version {
        case .v4: IPAddress(v4: v4 & UInt32.leadingOnes(prefixLength))
        case .v6:
            IPAddress(
                v6High: high & UInt64.leadingOnes(prefixLength), low: low & UInt64.leadingOnes(prefixLength - 64))
        }
    }
}

extension FixedWidthInteger {
    /// A number whose first bits are 1; none for a negative count, all for one that is too large.
    @inline(__always)
    fileprivate static func leadingOnes(_ count: Int) -> Self {
        // A smart shift: by the whole width or more it leaves 0.
        count <= 0 ? 0 : ~(~0 as Self >> count) | (count >= bitWidth ? ~0 : 0)
    }
}
