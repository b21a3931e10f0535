// SPDX-License-Identifier: Apache-2.0

public import Packet

/// What a provider must offer so that an instance can inject packets. One for each ``InjectionList``.
///
/// The methods are called from any thread, hooks included: they allocate nothing and take no lock.
open class InjectionDriver: @unchecked Sendable {
    /// What became of a packet that was to be sent at once.
    public enum Outcome: Sendable {
        /// It is on its way.
        case sent
        /// The link-layer address of this next hop has to be found first; the packet belongs on the list meanwhile.
        case unresolved(interface: UInt32, nextHop: IPAddress)
        /// It can't be sent.
        case refused(InjectionError.Reason)
    }

    /// Whether the kernel can do NI_QUEUE_IN and NI_QUEUE_OUT.
    public let canQueue: Bool

    /// The longest packet that NI_QUEUE_IN can carry, in bytes.
    public let longestInbound: Int

    /// Says what the kernel can do.
    public init(canQueue: Bool, longestInbound: Int) {
        self.canQueue = canQueue
        self.longestInbound = longestInbound
    }

    /// Has the list's consumer called at that time at the latest, in nanoseconds of the monotonic clock.
    open func arm(at deadline: UInt64) {}

    /// Sends a packet out of an interface at once (NI_DIRECT_OUT).
    ///
    /// - Parameters:
    ///   - packet: all of its bytes, from the IP header on; valid during the call.
    ///   - interface: 0 lets routing choose.
    ///   - nextHop: nil for the packet's destination, or what routing says if it chooses.
    ///   - header: who sends it to whom.
    @unsafe
    open func sendDirectly(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?,
        mark: UInt32
    ) -> Outcome {
        .refused(.unsupported)
    }

    /// Hears that a packet whose outcome was ``Outcome/unresolved(interface:nextHop:)`` found no room on the list.
    open func giveUp(interface: UInt32, nextHop: IPAddress) {}
}
