// SPDX-License-Identifier: Apache-2.0

package import Neti
package import Packet

/// To which link-layer address a packet goes.
package enum LinkDestination: Hashable, Sendable {
    /// To this one; nil on an interface that has none.
    case address(LinkLayerAddress?)
    /// To that of a neighbour, who has to be asked.
    case neighbour
    /// The interface has link-layer addresses of a kind that can't be written here.
    case none
}

extension InterfaceLink {
    /// `ARPHRD_INFINIBAND`, whose addresses have 20 bytes.
    private static let infiniBand: UInt16 = 32

    /// Where a packet for that next hop goes on this link.
    ///
    /// Multicasts are mapped by RFC 1112 and RFC 2464; where addresses haven't six bytes they go to everybody.
    package func destination(for nextHop: IPAddress, _ role: AddressRole) -> LinkDestination {
        guard let address else { return type == Self.infiniBand ? .none : .address(nil) }
        // As the kernel does: its own address, which is as good as any.
        if flags.contains(.loopback) || flags.contains(.noARP) { return .address(address) }
        let isEthernet = address.length == 6
        if nextHop.isMulticast, isEthernet {
            let group =
                nextHop.version == .v4
                ? 0x0100_5E00_0000 | nextHop.low & 0x7F_FFFF : 0x3333_0000_0000 | nextHop.low & 0xFFFF_FFFF
            return .address(LinkLayerAddress(group << 16, length: 6))
        }
        let isForAll = nextHop.version == .v4 && nextHop.v4 == .max
        if nextHop.isMulticast || isForAll || role == .broadcast {
            return .address(LinkLayerAddress(.max, length: Int(address.length)))
        }
        return .neighbour
    }
}
