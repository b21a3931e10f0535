// SPDX-License-Identifier: Apache-2.0

/// How the packets of one instance are queued and steered.
public struct InstanceConfiguration: Sendable, Equatable {
    /// What happens to an instance's packets when the daemon is gone.
    public enum OnExit: String, CaseIterable, Sendable {
        /// They pass: the kernel removes the steering rules together with the process.
        case open
        /// They stop at every event that had a hook, until a daemon takes over.
        case closed
    }

    /// What happens when the daemon is gone.
    public var onExit = OnExit.open
    /// First queue number. An instance uses ``queues`` numbers and two more, see ``queueNumbers``.
    public var queue: UInt16 = 0
    /// Queues over which flows are spread, 1 to 64.
    public var queues = 1
    /// Packets that the kernel keeps waiting for each queue.
    public var queueLength: UInt32 = 4096
    /// Bytes of each socket's receive buffer.
    public var receiveBuffer: UInt32 = 4 << 20
    /// Bytes of each packet that are copied to hooks.
    public var copyRange: UInt32 = 65_535
    /// Whether packets that a full queue has no room for pass unseen instead of being dropped.
    public var failOpen = false
    /// Whether batches of segments come whole instead of one by one.
    public var gso = true
    /// Whether the kernel tells the owner of the sending socket.
    public var uidGid = false
    /// Whether the kernel adds connection tracking's view.
    public var conntrack = false
    /// Whether inbound packets tell when they arrived. Costs every packet of the machine a look at the clock.
    public var timestamps = false
    /// Priority of `PHYSICAL_IN` among the other users of prerouting.
    public var priorityIn: Int32 = -450
    /// Priority of `PHYSICAL_OUT` among the other users of postrouting.
    public var priorityOut = Int32.max
    /// Priority of `FORWARDING` among the other users of forward: first, so that a host's own rules judge what hooks made
    /// of the packet.
    public var priorityForward: Int32 = -450
    /// Priority of `LOOPBACK_OUT` among the other users of output: last, as `PHYSICAL_OUT` is.
    public var priorityLoopbackOut = Int32.max
    /// Priority of `LOOPBACK_IN` among the other users of input: first, as `PHYSICAL_IN` is.
    public var priorityLoopbackIn: Int32 = -450

    /// Everything as it is by default.
    public init() {}

    /// The numbers of all queues: one for link-layer multicasts and one for link-layer broadcasts, which the kernel tells
    /// apart only in rules, then ``queues`` for packets to this host's link-layer address and for outbound ones.
    ///
    /// In this order no queue gets another purpose when ``queues`` changes.
    public var queueNumbers: ClosedRange<UInt16> {
        queue...UInt16(clamping: Int(queue) + queues + 1)
    }

    /// Whether ``queues`` is in its range and the last number is one.
    var hasQueueNumbers: Bool {
        (1...64).contains(queues) && Int(queue) + queues + 1 <= Int(UInt16.max)
    }

    var multicastQueue: UInt16 { queueNumbers.lowerBound }
    var broadcastQueue: UInt16 { queueNumbers.lowerBound + 1 }
    /// The first of the others.
    var unicastQueue: UInt16 { queueNumbers.lowerBound + 2 }
}
