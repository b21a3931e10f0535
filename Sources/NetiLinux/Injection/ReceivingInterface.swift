// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet

/// How frames have to look that an interface is to take for received.
struct ReceivingInterface {
    let index: UInt32
    /// Whether the source of a frame comes back with the packet. If not, the packet is known by its bytes alone.
    let returnsSource: Bool
    /// To which destination frames must go to be for this host, six bytes in the highest places.
    private let own: UInt64
    private let isEthernet: Bool
    private let broadcasts: BroadcastAddresses

    /// Looks at the interface.
    ///
    /// - Throws: `unknownInterface`, `interfaceDown`, `unsupported` for a link layer whose addresses have more than 8 bytes.
    init(_ index: UInt32, in interfaces: InterfaceTable) throws(InjectionError) {
        guard let link = interfaces.link(of: index) else { throw InjectionError(.unknownInterface) }
        guard link.flags.contains(.up) else { throw InjectionError(.interfaceDown) }
        // The kernel compares six bytes, whatever kind of address the interface has.
        guard let own = link.address?.rawValue ?? Self.withoutAddress(link.type) else {
            throw InjectionError(.unsupported)
        }
        self.index = index
        self.own = own
        isEthernet = link.type == 1
        broadcasts = interfaces.broadcastAddresses(of: index)
        // ARPHRD_ETHER, ARPHRD_LOOPBACK. A bridge would learn every source of ours, and keep it for minutes.
        returnsSource = (isEthernet || link.type == 772) && link.master == 0
    }

    /// Where there are no addresses the kernel compares with zeros: ARPHRD_PPP, ARPHRD_RAWIP, and ARPHRD_NONE, which tun and
    /// WireGuard have.
    private static func withoutAddress(_ type: UInt16) -> UInt64? {
        switch type {
        case 512, 519, 65534: 0
        default: nil
        }
    }

    /// The link-layer destination to which a packet would have been sent (RFC 1112, section 6.4; RFC 2464, section 7), so
    /// that its event tells multicasts and broadcasts.
    func destination(of header: InjectionHeader) -> UInt64 {
        guard isEthernet else { return own }
        let destination = header.destination
        switch (destination.version, destination.isMulticast) {
        case (.v4, true):
            return 0x0100_5E00_0000_0000 | (destination.low & 0x7F_FFFF) << 16
        case (.v6, true):
            return 0x3333_0000_0000_0000 | (destination.low & 0xFFFF_FFFF) << 16
        case (.v4, false) where destination.v4 == .max || broadcasts.contains(destination):
            return 0xFFFF_FFFF_FFFF_0000
        default:
            return own
        }
    }
}
