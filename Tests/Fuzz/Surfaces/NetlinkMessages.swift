// SPDX-License-Identifier: Apache-2.0

/// The lengths in a row of netlink messages (netlink(7)), as far as they make sense.
struct NetlinkMessages {
    private static let headerLength = 16
    private static let attributeHeaderLength = 4

    /// Bytes between a message's header and its attributes, by the message's type.
    private let fixedLength: (UInt16) -> Int

    init(fixedLength: @escaping (UInt16) -> Int) { self.fixedLength = fixedLength }

    init(fixedLength: Int) { self.init { _ in fixedLength } }

    /// The message lengths and all attribute lengths.
    func lengthFields(of input: [UInt8]) -> [LengthField] {
        var fields: [LengthField] = []
        for start in starts(in: input) {
            let length = Self.messageLength(at: start)
            fields.append(length)
            let end = min(start + Int(length.load(input)), input.count)
            let type = LengthField(offset: start + 4, width: 2, order: .host).load(input)
            var place = start + Self.headerLength + fixedLength(UInt16(truncatingIfNeeded: type))
            while place + Self.attributeHeaderLength <= end {
                let attribute = LengthField(offset: place, width: 2, order: .host)
                fields.append(attribute)
                place += max((Int(attribute.load(input)) + 3) & ~3, Self.attributeHeaderLength)
            }
        }
        return fields
    }

    /// Makes the last message end with the input.
    func repair(_ input: inout [UInt8]) {
        guard let last = starts(in: input).last else { return }
        Self.messageLength(at: last).store(UInt32(input.count - last), into: &input)
    }

    /// Where messages begin, each behind the end of the one before it.
    private func starts(in input: [UInt8]) -> [Int] {
        var starts: [Int] = []
        var place = 0
        while place + Self.headerLength <= input.count {
            starts.append(place)
            let length = Int(Self.messageLength(at: place).load(input))
            guard length >= Self.headerLength else { break }
            place += (length + 3) & ~3
        }
        return starts
    }

    private static func messageLength(at offset: Int) -> LengthField {
        LengthField(offset: offset, width: 4, order: .host)
    }
}
