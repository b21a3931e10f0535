// SPDX-License-Identifier: Apache-2.0

/// The events that give hooks packets, spelled as in the manual (`NH_PHYSICAL_IN` and so on; table in R5).
///
/// `NIC_EVENTS`, whose hooks get a ``NICEvent``, stands beside them: ``ProtocolHandle/nicEvents``.
public enum NetworkEvent: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// A packet arrived on an interface: before reassembly, routing and connection tracking.
    case physicalIn = "PHYSICAL_IN"
    /// A packet is about to leave through an interface: after routing and address translation.
    case physicalOut = "PHYSICAL_OUT"
    /// A packet for somebody else has got its route.
    case forwarding = "FORWARDING"
    /// A packet from this host to itself, at its receiving end.
    case loopbackIn = "LOOPBACK_IN"
    /// A packet from this host to itself, at its sending end.
    case loopbackOut = "LOOPBACK_OUT"
    /// Packets that passed one of the others, to be looked at only.
    case observing = "OBSERVING"

    /// The two that every packet from or to another host passes.
    public static let physical: [NetworkEvent] = [.physicalIn, .physicalOut]

    /// The manual's spelling.
    public var description: String { rawValue }
}
