// SPDX-License-Identifier: Apache-2.0

/// Where everything on a ``Graph`` stands, in pixels.
struct GraphLayout {
    /// The text is set in a font of fixed width, so that its length is known without a font.
    static let (letter, smallLetter) = (7.8, 6.6)
    static let (margin, gap, padding) = (24, 20, 14)
    static let (headHeight, rowHeight, footHeight) = (52, 50, 10)
    static let (eventWidth, hookWidth, hookGap, resultWidth) = (142, 124, 34, 74)
    /// Hooks on a line: chains that are longer go on, on another one.
    private static let lineLengths = 2...6
    /// The least that a card's head needs.
    private static let narrowest = 430

    struct Frame: Equatable {
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    /// Hooks that stand on one line: as many as nine of ten chains have at most, so that a few long ones don't make
    /// everything wide.
    let lineLength: Int
    /// One for each card, in their order.
    let cards: [Frame]
    let width: Int
    let height: Int

    /// Cards in columns, each where there is most room, in about the shape of a screen.
    init(_ graph: Graph) {
        let lengths = graph.cards.flatMap { $0.rows.map(\.chain.count) }.sorted()
        let usual = lengths.isEmpty ? 0 : lengths[lengths.count * 9 / 10]
        let lineLength = max(Self.lineLengths.lowerBound, min(usual, Self.lineLengths.upperBound))
        self.lineLength = lineLength
        let cardWidth = graph.cards.map { Self.width($0, lineLength) }.max() ?? Self.narrowest
        let heights = graph.cards.map { Self.height($0, lineLength) }
        let total = heights.reduce(0) { $0 + $1 + Self.gap }
        // columns * width : total / columns is to be 16 : 10.
        let ideal = (1.6 * Double(total) / Double(cardWidth + Self.gap)).squareRoot().rounded()
        let count = max(1, min(graph.cards.count, Int(ideal)))
        var bottoms = [Int](repeating: Self.margin + Self.titleHeight, count: count)
        var frames: [Frame] = []
        for height in heights {
            // The leftmost of the shortest columns, so that cards stand in reading order where they are alike.
            let column = bottoms.indices.min { bottoms[$0] < bottoms[$1] } ?? 0
            frames.append(
                Frame(
                    x: Self.margin + column * (cardWidth + Self.gap), y: bottoms[column], width: cardWidth,
                    height: height))
            bottoms[column] += height + Self.gap
        }
        cards = frames
        width = 2 * Self.margin + count * (cardWidth + Self.gap) - Self.gap
        height = (bottoms.max() ?? 0) - (frames.isEmpty ? 0 : Self.gap) + Self.margin
    }

    static let titleHeight = 34

    /// Lines that a chain takes.
    func lines(_ row: Graph.Row) -> Int { Self.lines(row, lineLength) }

    private static func lines(_ row: Graph.Row, _ length: Int) -> Int {
        max(1, (row.chain.count + length - 1) / length)
    }

    private static func width(_ card: Graph.Card, _ length: Int) -> Int {
        let longest = min(length, card.rows.map(\.chain.count).max() ?? 0)
        return max(narrowest, 2 * padding + eventWidth + longest * (hookWidth + hookGap) + hookGap + resultWidth)
    }

    private static func height(_ card: Graph.Card, _ length: Int) -> Int {
        headHeight + max(1, card.rows.reduce(0) { $0 + lines($1, length) }) * rowHeight + footHeight
    }
}
