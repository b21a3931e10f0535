// SPDX-License-Identifier: Apache-2.0

/// What is done to packets.
struct Impairment: Equatable, Sendable, BitwiseCopyable {
    var delay = Delay()
    var loss = Share.none
    var duplicate = Share.none
    var reorder = Share.none
    var corrupt = Share.none

    /// Bits a second; 0 for no limit.
    var rate: UInt64 = 0

    /// What may wait for the rate.
    var limit = RateLimiter.Limit.packets(1_000)

    /// What the random numbers depend on.
    var seed: UInt64 = 0
}

/// What is to become of one packet.
struct Fate: Equatable, Sendable, BitwiseCopyable {
    /// Whether the condition holds for it; if not, it goes on and nothing else here counts.
    var isMatched = false
    /// Whether it is drawn to be lost, and whether to be duplicated. One that is both goes on as if it were neither.
    var isLost = false
    var isDuplicated = false
    /// Whether it overtakes those that are delayed.
    var isReordered = false
    /// The bit to flip, counted from the end of the first IP header; nil for none.
    var corruptedBit: Int?
    /// Nanoseconds to hold it, 0 to let it go on at once; nil when the queue before the link is full.
    var wait: UInt64? = 0
    /// The same for a duplicate.
    var waitOfCopy: UInt64? = 0
}
