// SPDX-License-Identifier: Apache-2.0

public import Packet

/// What a hook on `NIC_EVENTS` gets (`hook_nic_event_t`, R190 to R197).
///
/// Delivered in order on the provider's watching thread, some time after the fact: the interface may look different by
/// then (R193). A hook's answer only decides whether the hooks behind it are called (R191).
///
/// On Linux an interface is plumbed for both protocols while it exists. A rename has no event, as in the original.
public struct NICEvent: Sendable, Equatable {
    /// What happened, with what belongs to it (`hne_event` and `hne_data`).
    public enum Change: Sendable, Equatable {
        /// The interface appeared under this name (`NE_PLUMB`).
        case plumbed(name: String)
        /// The interface that had this name is gone; its index finds nothing any more (`NE_UNPLUMB`).
        case unplumbed(name: String)
        /// The interface was set up (`NE_UP`); its carrier doesn't matter (R194). Loopback has none (R196).
        case up
        /// The interface was set down (`NE_DOWN`).
        case down
        /// The first logical interface has this address now (`NE_ADDRESS_CHANGE`).
        case addressChanged(IPAddress)
        /// A logical interface became usable (`NE_LIF_UP`).
        case logicalUp
        /// A logical interface is no longer usable (`NE_LIF_DOWN`).
        case logicalDown
        /// The interface gets this index; ``NICEvent/interface`` is the old one (`NE_IFINDEX_CHANGE`).
        ///
        /// Never happens on Linux, where an index is for life: a device that moves to another namespace is unplumbed
        /// in the one and plumbed in the other.
        case indexChanged(to: UInt32)
    }

    /// The instance in which it happened.
    public var netid: NetID
    /// The protocol that is told (`hne_protocol`); each is told on its own (R192).
    public var family: NetworkFamily
    /// The interface's index (`hne_nic`).
    public var interface: UInt32
    /// The logical interface, 1 for the first address; 0 when it is not about one (`hne_lif`, R11).
    public var logicalInterface: Int
    /// What happened.
    public var change: Change

    /// Describes an event.
    public init(netid: NetID, family: NetworkFamily, interface: UInt32, logicalInterface: Int = 0, change: Change) {
        self.netid = netid
        self.family = family
        self.interface = interface
        self.logicalInterface = logicalInterface
        self.change = change
    }
}
