// SPDX-License-Identifier: Apache-2.0

/// The same numbers in every run (SplitMix64, by Steele, Lea and Flood), so that every input can be made again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number from 0 on, below `bound`, which is above 0.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True in `count` of 100 cases.
    mutating func percent(_ count: Int) -> Bool { below(100) < count }

    /// A place in an array that isn't empty.
    mutating func element<Element>(of array: [Element]) -> Element { array[below(array.count)] }

    /// A piece of at most `longest` bytes of an array; empty if the array is.
    mutating func range(of bytes: [UInt8], atMost longest: Int) -> Range<Int> {
        let start = below(bytes.count + 1)
        return start..<(start + below(min(longest, bytes.count - start) + 1))
    }
}
