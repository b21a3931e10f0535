// SPDX-License-Identifier: Apache-2.0

import Packet
import Synchronization

/// Describes one chunk of an ``InjectionList``'s memory; the slot of a packet's first chunk describes the packet.
///
/// All zero bytes are a slot that was never used. Whoever took a slot off the free list is the only one to write its plain
/// fields until it hands the slot on.
///
/// What the consumer reads of a packet that is injected by way of the receive path stands in the first 64 bytes: another
/// processor wrote them a moment ago, so each line of the cache that it needs has to come from there.
struct InjectionSlot: ~Copyable {
    /// What a packet is waiting for.
    enum State: UInt32 {
        case free = 0
        /// Being filled, or on its way through the consumer.
        case moving = 1
        /// For somebody to redeem its ticket.
        case held = 2
        /// For its time to come.
        case waiting = 3
    }

    /// ``State`` in the low half; in the high half how often the slot was used, which tells an old ticket from a new one.
    let state: Atomic<UInt64>
    /// The next free slot plus one.
    let nextFree: Atomic<UInt32>
    /// The next slot plus one among those that the consumer has waiting in line.
    var nextInLine: UInt32
    /// The packet's next chunk plus one.
    var nextChunk: UInt32
    var packet: DuePacket
    /// When the packet was put on the list, in nanoseconds of the monotonic clock.
    let since: Atomic<UInt64>
    /// The next hop that was asked for (`ni_addr`).
    var nextHop: IPAddress?

    static func word(_ state: State, use: UInt32) -> UInt64 { UInt64(use) << 32 | UInt64(state.rawValue) }

    static func use(in word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

    static func state(in word: UInt64) -> State { State(rawValue: UInt32(truncatingIfNeeded: word)) ?? .free }
}
