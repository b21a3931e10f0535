// SPDX-License-Identifier: Apache-2.0

import Hooks
public import Packet

// Look-ups are served from what the provider has told, never by a system call. They may be used from any thread, also
// in hooks (R60), where those that return plain values take no lock and allocate nothing. A hook that holds the handle
// at which it is registered keeps it alive until it is unregistered.
//
// Where C returns 0, -1 or 1 there is nil here, for an unknown interface as well as for a handle whose instance is
// going. ARP answers what it answers in C: names and indexes, nothing about addresses (table in R53).

// MARK: - Interfaces

extension NetworkProtocol {
    /// The name of an interface (`net_getifname`, R53).
    ///
    /// - Returns: nil where C returns 1 (no such interface) or -1 (the instance is going).
    public func interfaceName(of interface: UInt32) -> String? {
        isDead ? nil : interfaces.interfaces.read { $0.name(of: interface) }
    }

    /// The index of the interface of that name (`net_phylookup`, R53).
    ///
    /// - Returns: nil where C returns 0. On Linux a name is found in both protocols or in none.
    public func interface(named name: String) -> UInt32? {
        isDead ? nil : interfaces.interfaces.read { $0.index(named: name) }
    }

    /// The interface with the next higher index (`net_phygetnext`, R53).
    ///
    /// - Parameter interface: 0 to begin with; one that is gone will do.
    /// - Returns: nil at the end, where C returns 0.
    public func interface(after interface: UInt32 = 0) -> UInt32? {
        isDead ? nil : interfaces.interfaces.read { $0.index(after: interface) }
    }

    /// The longest IP packet that an interface takes, in bytes (`net_getmtu`, R53, R56, R59).
    ///
    /// - Parameter logical: a logical interface that must exist; 0 and 1 are the first (R10).
    /// - Returns: nil where C returns 0 (no such interface) or -1 (ARP, or the instance is going).
    public func mtu(of interface: UInt32, logical: Int = 0) -> Int? {
        guard let slot = slot(logical) else { return nil }
        return borrowedInterfaces.read { table in
            table.interfaces.read { [family] in $0.mtu(of: interface, slot: slot, family) }
        }
    }

    /// Whether the path MTU is found out for packets sent from here (`net_getpmtuenabled`, R53).
    ///
    /// On Linux `net.ipv4.ip_no_pmtu_disc` being 0, for IPv6 as well; read when the instance appears and after each
    /// change of an interface or address.
    /// - Returns: nil where C returns -1 (ARP, or the instance is going).
    public var isPathMTUDiscoveryEnabled: Bool? {
        isDead || family == .arp ? nil : interfaces.isPathMTUDiscoveryEnabled
    }
}

// MARK: - Logical interfaces

extension NetworkProtocol {
    /// The addresses of a logical interface (`net_getlifaddr`, R53, R55): address, peer, broadcast, netmask at once.
    ///
    /// A first logical interface that has no address yet gives the unspecified one, `0.0.0.0` or `::`.
    /// - Parameter logical: 0 and 1 are the first (R10).
    /// - Returns: nil where C returns 1 (no such logical interface) or -1 (ARP, or the instance is going).
    public func addresses(of interface: UInt32, logical: Int = 0) -> InterfaceAddress? {
        guard let slot = slot(logical) else { return nil }
        return interfaces.interfaces.read { [family] in $0.address(of: interface, slot: slot, family) }
    }

    /// The zone to which a logical interface belongs (`net_getlifzone`, R53, R58): that of the instance.
    ///
    /// On Linux the inode number of the network namespace, as `ls -Li /run/netns` shows it.
    /// - Parameter logical: 0 and 1 are the first (R10).
    /// - Returns: nil where C returns -1.
    public func zone(of interface: UInt32, logical: Int = 0) -> UInt64? {
        guard let slot = slot(logical) else { return nil }
        let isThere = interfaces.interfaces.read { [family] in $0.mtu(of: interface, slot: slot, family) != nil }
        return isThere ? interfaces.zone : nil
    }

    /// The flags of a logical interface (`net_getlifflags`, R53): those of its address and of the device together.
    ///
    /// - Parameter logical: 0 and 1 are the first (R10).
    /// - Returns: nil where C returns -1.
    public func flags(of interface: UInt32, logical: Int = 0) -> InterfaceFlags? {
        guard let slot = slot(logical) else { return nil }
        return interfaces.interfaces.read { [family] in $0.flags(of: interface, slot: slot, family) }
    }

    /// The logical interface that follows another (`net_lifgetnext`, R53, R57).
    ///
    /// - Parameter logical: 0 to begin with; 1 for the one behind the first (R10).
    /// - Returns: a number from 1; nil where C returns 0 (the end, or one of the two isn't there) or -1 (ARP, or the
    ///   instance is going).
    public func logicalInterface(after logical: Int = 0, of interface: UInt32) -> Int? {
        guard slot(logical) != nil else { return nil }
        let previous = logical == 0 ? nil : logical - 1
        let next = interfaces.interfaces.read { [family] in $0.slot(after: previous, of: interface, family) }
        return next.map { $0 + 1 }
    }

    /// The number under which it is kept (R10); nil when this handle has no logical interfaces, or none any more.
    private func slot(_ logical: Int) -> Int? {
        guard !isDead, family != .arp, logical >= 0 else { return nil }
        return logical > 0 ? logical - 1 : 0
    }
}

// MARK: - Routes

extension NetworkProtocol {
    /// Where packets for an address go next (`net_routeto`, R157 to R162).
    ///
    /// The longest prefix in the tables `local`, `main` and `default`, each asked when the one before knows no way; by
    /// destination only. Of several next hops it is the first that is alive. A host's own address gives the interface
    /// that has it.
    /// - Returns: nil where C returns 0: no route, one that refuses (`unreachable`, `prohibit`, `blackhole`), or an
    ///   address of the other family; and where C returns -1: ARP, or the instance is going.
    public func route(to destination: IPAddress) -> NextHop? {
        guard !isDead, family != .arp, destination.version == (family == .inet ? .v4 : .v6) else { return nil }
        return borrowedInterfaces.read { $0.routes.read { $0.route(to: destination) } }
    }
}
