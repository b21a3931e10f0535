// SPDX-License-Identifier: Apache-2.0

/// Makes inputs out of the corpus: each is the same whenever it is made again with its number and seed.
struct Mutator {
    /// Bytes that an input has at most: a packet of any length, and what is around it in a message.
    static let longestInput = 70_000

    let seeds: [[UInt8]]
    let surface: any Surface
    let seed: UInt64

    private static let extremes: [UInt8] = [0, 1, 3, 4, 5, 7, 8, 0x0F, 0x10, 0x40, 0x60, 0x7F, 0x80, 0xFE, 0xFF]

    /// The corpus as it is, then changed.
    func input(_ number: Int) -> [UInt8] {
        if number < seeds.count { return seeds[number] }
        var generator = SeededGenerator(seed: seed ^ (UInt64(number) &* 0xD134_2543_DE82_EF95))
        var input = generator.element(of: seeds)
        // One change is the most frequent, each further one half as frequent.
        for _ in 0...(generator.next().trailingZeroBitCount) {
            let range = surface.part(of: input, &generator)
            var part = Array(input[range])
            mutate(&part, &generator)
            input.replaceSubrange(range, with: part)
        }
        if generator.percent(50) { surface.repair(&input) }
        return Array(input.prefix(Self.longestInput))
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        if surface.isText, generator.percent(60) { return mutateText(&bytes, &generator) }
        let fields = surface.lengthFields(of: bytes)
        if !fields.isEmpty, generator.percent(40) {
            return generator.element(of: fields).tamper(&bytes, &generator)
        }
        let range = generator.range(of: bytes, atMost: 16)
        let place = generator.below(bytes.count + 1)
        switch generator.below(9) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(generator.below(8))
        case 1 where place < bytes.count: bytes[place] = generator.element(of: Self.extremes)
        case 2 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 3: bytes.removeSubrange(place...)
        case 4: bytes.removeSubrange(range)
        case 5: bytes.insert(contentsOf: Array(bytes[range]), at: place)
        case 6: splice(&bytes, at: place, &generator)
        case 7 where !surface.words.isEmpty:
            bytes.replaceSubrange(generator.percent(50) ? range : place..<place, with: word(&generator))
        default: bytes += (0..<generator.below(24)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
    }

    /// Goes on with the rest of another seed.
    private func splice(_ bytes: inout [UInt8], at place: Int, _ generator: inout SeededGenerator) {
        let other = generator.element(of: seeds)
        bytes.replaceSubrange(place..., with: other[generator.below(other.count + 1)...])
    }

    private func word(_ generator: inout SeededGenerator) -> [UInt8] {
        generator.element(of: surface.words)
    }

    // MARK: Text

    /// Changes whole words and lines.
    private func mutateText(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let separator = UInt8(ascii: generator.percent(75) ? " " : "\n")
        var pieces = bytes.split(separator: separator, omittingEmptySubsequences: false).map(Array.init)
        let place = generator.below(pieces.count)
        let other = generator.below(pieces.count)
        switch generator.below(6) {
        case 0: pieces.remove(at: place)
        case 1: pieces.insert(pieces[other], at: place)
        case 2: pieces.swapAt(place, other)
        case 3 where !surface.words.isEmpty: pieces.insert(word(&generator), at: place)
        case _ where !surface.words.isEmpty: pieces[place] = word(&generator)
        default: pieces[place] = pieces[other]
        }
        bytes = Array(pieces.joined(separator: [separator]))
    }
}
