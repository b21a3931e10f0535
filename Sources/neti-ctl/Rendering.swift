// SPDX-License-Identifier: Apache-2.0

/// Rows under titles, each column as wide as its widest cell, two spaces between columns.
struct Table {
    /// One column.
    struct Column {
        enum Alignment {
            case left
            case right
        }

        let title: String
        let alignment: Alignment
        /// Whether cells may be cut where the terminal is too narrow. Numbers never are: a cut number is a wrong one.
        let isElastic: Bool

        static func text(_ title: String) -> Column {
            Column(title: title, alignment: .left, isElastic: true)
        }

        /// One of a few words that are told apart by their letters.
        static func word(_ title: String) -> Column {
            Column(title: title, alignment: .left, isElastic: false)
        }

        static func number(_ title: String) -> Column {
            Column(title: title, alignment: .right, isElastic: false)
        }
    }

    /// No elastic column gets narrower than this.
    private static let narrowest = 6

    let columns: [Column]
    let rows: [[String]]

    init(_ columns: [Column], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map(printable) }
    }

    /// The lines, titles first, as ``cells(width:)`` has them.
    func lines(width: Int?) -> [String] {
        cells(width: width).map { cells in
            String(cells.joined(separator: "  ").trimmingSuffix { $0 == " " })
        }
    }

    /// The cells of each line, titles first, cut or filled up to the widths of their columns. Where `width` is given,
    /// elastic columns give way, the widest first; what still does not fit is left to the terminal.
    func cells(width: Int?) -> [[String]] {
        var widths = columns.indices.map { index in
            rows.map { $0[index].displayWidth }.reduce(columns[index].title.displayWidth, max)
        }
        if let width {
            var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
            while excess > 0 {
                let elastic = widths.indices.filter { columns[$0].isElastic && widths[$0] > narrowest(of: $0) }
                guard let widest = elastic.max(by: { widths[$0] < widths[$1] }) else { break }
                widths[widest] -= 1
                excess -= 1
            }
        }
        return ([columns.map(\.title)] + rows).map { cells in
            cells.indices.map { fit(cells[$0], widths[$0], columns[$0].alignment) }
        }
    }

    private func narrowest(of column: Int) -> Int {
        max(Self.narrowest, columns[column].title.displayWidth)
    }

    private func fit(_ text: String, _ width: Int, _ alignment: Column.Alignment) -> String {
        let missing = width - text.displayWidth
        guard missing > 0, alignment == .right else { return text.fitted(columns: width) }
        return String(repeating: " ", count: missing) + text
    }
}

/// Names beside values, the values aligned.
func nameList(_ pairs: [(name: String, value: String)]) -> [String] {
    let width = pairs.map(\.name.count).max() ?? 0
    return pairs.map { name, value in
        name + String(repeating: " ", count: width - name.count + 2) + printable(value)
    }
}

/// The text without control characters: a name of somebody else's choice must not steer the terminal or end a line.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(scalar.isPrintable ? scalar : "?") }
    return String(result)
}

extension Unicode.Scalar {
    /// Whether it neither steers the terminal nor ends a line.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format: false
        default: true
        }
    }
}

extension Collection where Self: BidirectionalCollection, SubSequence == Self.SubSequence.SubSequence {
    /// Everything up to the last element that `isUnwanted` does not hold for.
    fileprivate func trimmingSuffix(while isUnwanted: (Element) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, isUnwanted(self[index(before: end)]) {
            end = index(before: end)
        }
        return self[..<end]
    }
}
