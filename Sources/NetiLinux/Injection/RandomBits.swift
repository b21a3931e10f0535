// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// Bits that nobody can guess, whoever has seen others of them: a keyed hash of a counter, the key from getrandom(2).
///
/// For one thread. Asking the kernel for each takes three times as long.
struct RandomBits: ~Copyable {
    private let hash: SipHash
    private var counter: UInt64 = 0
    private var word: UInt64?
    private var half: UInt32?

    init() {
        var key: (UInt64, UInt64) = (0, 0)
        unsafe clnx_random(&key, MemoryLayout.size(ofValue: key))
        hash = SipHash(key: key.0, key.1)
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        if let word = word.take() { return word }
        let value = hash.hash(counter)
        counter &+= 1
        word = value.high
        return value.low
    }

    /// The next 32 bits.
    mutating func nextHalf() -> UInt32 {
        if let half = half.take() { return half }
        let word = next()
        half = UInt32(truncatingIfNeeded: word)
        return UInt32(truncatingIfNeeded: word >> 32)
    }
}
