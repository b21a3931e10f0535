// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// Random bits of the kernel, fetched for many at once: getrandom(2). For one thread.
@safe
struct RandomBits: ~Copyable {
    private static let capacity = 512

    private let words: UnsafeMutablePointer<UInt64>
    private var used = RandomBits.capacity
    private var half: UInt32?

    init() {
        unsafe words = .allocate(capacity: Self.capacity)
        unsafe words.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        unsafe words.deallocate()
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        if used == Self.capacity { fill() }
        let word = unsafe words[used]
        // What was handed out is a secret of whoever has it.
        unsafe words[used] = 0
        used += 1
        return word
    }

    /// The next 32 bits.
    mutating func nextHalf() -> UInt32 {
        if let half = half.take() { return half }
        let word = next()
        half = UInt32(truncatingIfNeeded: word)
        return UInt32(truncatingIfNeeded: word >> 32)
    }

    private mutating func fill() {
        unsafe clnx_random(words, Self.capacity * MemoryLayout<UInt64>.stride)
        used = 0
    }
}
