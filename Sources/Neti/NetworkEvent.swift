// SPDX-License-Identifier: Apache-2.0

/// The packet events that a protocol offers, spelled as in the manual (`NH_PHYSICAL_IN` and so on; table in R5).
public enum NetworkEvent: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// A packet arrived on an interface: before reassembly, routing and connection tracking.
    case physicalIn = "PHYSICAL_IN"
    /// A packet is about to leave through an interface: after routing and address translation.
    case physicalOut = "PHYSICAL_OUT"

    /// The manual's spelling.
    public var description: String { rawValue }
}
