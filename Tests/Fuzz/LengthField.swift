// SPDX-License-Identifier: Apache-2.0

/// A place in an input whose number says how long or where something is.
struct LengthField {
    enum Order { case network, host }

    var offset: Int
    /// Bytes: 1, 2 or 4.
    var width: Int
    var order: Order
    /// The bits that belong to it, side by side.
    var mask: UInt32 = .max

    /// Puts a number there that is just wrong, very wrong, or right for other bytes.
    func tamper(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard offset + width <= bytes.count else { return }
        let value = load(bytes)
        let rest = UInt32(bytes.count - offset)
        let candidates: [UInt32] = [
            0, 1, value &- 1, value &+ 1, value &- 4, value &+ 4, value &+ 8, value << 1, value >> 1, rest, rest &- 1,
            rest &+ 1, UInt32(bytes.count), .max, .max >> 1, UInt32(truncatingIfNeeded: generator.next()),
        ]
        store(generator.element(of: candidates), into: &bytes)
    }

    /// The number, shifted down to its lowest bit.
    func load(_ bytes: [UInt8]) -> UInt32 {
        (word(bytes) & mask) >> UInt32(mask.trailingZeroBitCount)
    }

    /// Writes a number, as far as there are bits for it.
    func store(_ value: UInt32, into bytes: inout [UInt8]) {
        let word = word(bytes) & ~mask | value << UInt32(mask.trailingZeroBitCount) & mask
        for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: word >> shift(index)) }
    }

    private func word(_ bytes: [UInt8]) -> UInt32 {
        (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << shift($1) }
    }

    private func shift(_ index: Int) -> UInt32 {
        #if _endian(little)
            let isLittle = order == .host
        #else
            let isLittle = false
        #endif
        return UInt32(isLittle ? index : width - 1 - index) * 8
    }
}
