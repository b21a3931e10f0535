// SPDX-License-Identifier: Apache-2.0

/// How many packets something happens to: 0 for none up to 1 for all.
struct Share: Equatable, Sendable, BitwiseCopyable {
    /// Of 2^63 equally probable numbers, so many mean that it happens.
    private let threshold: UInt64

    static let none = Share(0)

    /// - Parameter share: 0 to 1.
    init(_ share: Double) {
        threshold = UInt64(min(max(share, 0), 1) * 0x1p63)
    }

    /// Whether it happens, decided by 64 random bits.
    @inline(__always)
    func isHit(_ random: UInt64) -> Bool { random >> 1 < threshold }

    /// Whether it ever happens.
    var isPossible: Bool { threshold > 0 }
}
