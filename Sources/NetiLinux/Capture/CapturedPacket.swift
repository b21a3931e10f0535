// SPDX-License-Identifier: Apache-2.0

public import Neti

/// One packet of a capture, as its hooks left it.
public struct CapturedPacket: Sendable, Equatable {
    /// What became of it.
    public var verdict: Verdict
    /// Its instance.
    public var netid: NetID
    /// Where it was met.
    public var family: NetworkFamily
    /// Where it was met.
    public var event: NetworkEvent
    /// The registration of the hook that stopped it, as its event counts them; 0 when none did.
    public var registration: UInt64
    /// When it arrived, where the kernel tells (`timestamps`), else when it was decided; nanoseconds since 1970.
    public var time: UInt64
    /// Index of the arrival interface, 0 for none.
    public var inInterface: UInt32
    /// Index of the departure interface, 0 for none.
    public var outInterface: UInt32
    /// The netfilter mark as it is now.
    public var mark: UInt32
    /// How often the packet had been injected.
    public var injections: UInt8
    /// Whether a hook changed it.
    public var isEdited: Bool
    /// Bytes of the whole packet.
    public var length: Int
    /// The first of them, from the IP header on.
    public var bytes: [UInt8]

    /// What became of a packet.
    public enum Verdict: UInt8, CaseIterable, Sendable {
        /// It went on.
        case pass
        /// A hook dropped it.
        case drop
        /// A hook kept it: it may be injected later.
        case consume
    }
}
