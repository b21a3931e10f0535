// SPDX-License-Identifier: Apache-2.0

/// How long packets are held: a time that is the same for all, and one around it that differs.
struct Delay: Equatable, Sendable, BitwiseCopyable {
    /// How delays lie around their mean.
    enum Distribution: String, CaseIterable, Sendable, BitwiseCopyable {
        /// Anywhere within the jitter, below or above, equally probable.
        case uniform
        /// Gaussian, with the jitter as its standard deviation, and none further away than six of them.
        case normal
    }

    /// Nanoseconds, up to an hour.
    var mean: UInt64 = 0

    /// Nanoseconds, up to an hour.
    var jitter: UInt64 = 0

    /// How it is spread.
    var distribution = Distribution.uniform

    /// The delay of one packet in nanoseconds, never below 0. Whole numbers only, so it is the same on every machine.
    @inline(__always)
    func nanoseconds(_ random: RandomNumbers, packet: UInt64, for purpose: RandomNumbers.Purpose) -> UInt64 {
        guard jitter > 0 else { return mean }
        let offset: Int64
        switch distribution {
        case .uniform:
            let width = jitter * 2 + 1
            let number = random.number(of: packet, for: purpose)
            offset = Int64(number.multipliedFullWidth(by: width).high) - Int64(jitter)
        case .normal:
            // Twelve uniform numbers add up to nearly a Gaussian one, whose standard deviation is the width of one.
            var sum: UInt64 = 0
            for further: UInt64 in 0..<3 {
                let number = random.number(of: packet, for: purpose, further: further)
                sum += (number & 0xFFFF) + (number >> 16 & 0xFFFF) + (number >> 32 & 0xFFFF) + number >> 48
            }
            offset = Int64(jitter) * (Int64(sum) - 6 * 0xFFFF) / 0x1_0000
        }
        return UInt64(max(0, Int64(mean) + offset))
    }
}
