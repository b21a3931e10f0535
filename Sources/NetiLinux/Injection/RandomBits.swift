// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// Bits that nobody can guess, whoever has seen others of them: a stream of ChaCha with eight rounds, the key from
/// getrandom(2).
///
/// For one thread. Asking the kernel for each takes many times as long.
struct RandomBits: ~Copyable {
    private static let rounds: UInt32 = 8

    private var key = InlineArray<8, UInt32>(repeating: 0)
    private var last = InlineArray<4, UInt32>(repeating: 0)
    private var words = InlineArray<16, UInt32>(repeating: 0)
    /// How many of them were given away.
    private var given = 16

    init() {
        unsafe clnx_random(&key, MemoryLayout.size(ofValue: key))
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 { UInt64(nextHalf()) << 32 | UInt64(nextHalf()) }

    /// The next 32 bits.
    @inline(__always)
    mutating func nextHalf() -> UInt32 {
        if given == words.count { refill() }
        given &+= 1
        return words[given &- 1]
    }

    @inline(never)
    private mutating func refill() {
        Self.fill(&words, key.span, last.span)
        last[0] &+= 1
        if last[0] == 0 { last[1] &+= 1 }
        given = 0
    }

    private static func fill(_ words: inout InlineArray<16, UInt32>, _ key: Span<UInt32>, _ last: Span<UInt32>) {
        var words = words.mutableSpan
        unsafe key.withUnsafeBufferPointer { key in
            unsafe last.withUnsafeBufferPointer { last in
                unsafe words.withUnsafeMutableBufferPointer { words in
                    guard let key = key.baseAddress, let last = last.baseAddress, let words = words.baseAddress
                    else { return }
                    unsafe clnx_random_block(key, last, rounds, words)
                }
            }
        }
    }
}
