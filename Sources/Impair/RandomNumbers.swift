// SPDX-License-Identifier: Apache-2.0

/// Random numbers that need no state: the number for a packet and a purpose is a function of the seed and the packet's
/// place in its sequence, so several threads can draw at once, and the same seed gives the same decisions again.
///
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), entered at any place.
struct RandomNumbers: Equatable, Sendable, BitwiseCopyable {
    /// What a number decides. Each has numbers of its own, so changing one impairment leaves the others' decisions as
    /// they were.
    enum Purpose: UInt64 {
        case loss, duplicate, reorder, corrupt, corruptedBit
        /// Takes two numbers more.
        case jitter
        /// The same for a duplicate.
        case jitterOfCopy = 8
    }

    private let key: UInt64

    /// - Parameter sequence: tells the sequences of one seed apart.
    init(seed: UInt64, sequence: UInt64) {
        key = Self.mixed(seed &+ Self.step) ^ Self.mixed((sequence &+ 1) &* Self.step)
    }

    /// 64 random bits for one purpose of one packet.
    ///
    /// - Parameter further: for purposes that take more than one number.
    @inline(__always)
    func number(of packet: UInt64, for purpose: Purpose, further: UInt64 = 0) -> UInt64 {
        Self.mixed(key &+ (packet &* 16 &+ purpose.rawValue &+ further) &* Self.step)
    }

    private static var step: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    @inline(__always)
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
