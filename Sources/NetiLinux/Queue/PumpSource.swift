// SPDX-License-Identifier: Apache-2.0

/// What a pump turns: a queue, or a tap for ARP packets.
protocol PumpSource: AnyObject, Sendable, CustomStringConvertible {
    /// Readable when something waits.
    var socket: Int32 { get }

    /// What stands for it in the pump's epoll set: never 0, and nobody else's as long as it lives.
    var token: UInt64 { get }

    /// How much of it there may be to do, beside ``PumpPlacement/least``.
    var load: Int { get }
}
