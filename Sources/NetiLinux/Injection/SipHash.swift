// SPDX-License-Identifier: Apache-2.0

/// SipHash-2-4 with 128 bits of result, by Aumasson and Bernstein: a hash that nobody can steer who doesn't know its key.
struct SipHash: Sendable {
    struct Value: Equatable, Sendable {
        var low: UInt64
        var high: UInt64
    }

    private let key: (UInt64, UInt64)

    init(key low: UInt64, _ high: UInt64) {
        key = (low, high)
    }

    @inline(__always)
    func hash(_ bytes: UnsafeRawBufferPointer) -> Value {
        var state = State(key)
        let whole = bytes.count & ~7
        var offset = 0
        while offset < whole {
            state.take(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        while offset < bytes.count {
            last |= UInt64(unsafe bytes[offset]) << UInt64(8 &* (offset & 7))
            offset &+= 1
        }
        state.take(last)
        return state.finish()
    }

    private struct State {
        private var a, b, c, d: UInt64

        @inline(__always)
        init(_ key: (UInt64, UInt64)) {
            a = key.0 ^ 0x736F_6D65_7073_6575
            b = key.1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE
            c = key.0 ^ 0x6C79_6765_6E65_7261
            d = key.1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func take(_ word: UInt64) {
            d ^= word
            mix()
            mix()
            a ^= word
        }

        @inline(__always)
        mutating func finish() -> Value {
            c ^= 0xEE
            for _ in 0..<4 { mix() }
            let low = a ^ b ^ c ^ d
            b ^= 0xDD
            for _ in 0..<4 { mix() }
            return Value(low: low, high: a ^ b ^ c ^ d)
        }

        @inline(__always)
        private mutating func mix() {
            a &+= b
            b = Self.rotate(b, 13) ^ a
            a = Self.rotate(a, 32)
            c &+= d
            d = Self.rotate(d, 16) ^ c
            a &+= d
            d = Self.rotate(d, 21) ^ a
            c &+= b
            b = Self.rotate(b, 17) ^ c
            c = Self.rotate(c, 32)
        }

        @inline(__always)
        private static func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 { word &<< bits | word &>> (64 &- bits) }
    }
}
