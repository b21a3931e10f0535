// SPDX-License-Identifier: Apache-2.0

/// The rates of the last minutes, for each line that is shown and for all together.
struct TopHistory {
    /// Rates that are kept of each line: five minutes at one a second.
    static let limit = 300

    private var rates: [String: [Double]] = [:]

    /// The rates of a line, the oldest first.
    func rates(of key: String) -> ArraySlice<Double> { (rates[key] ?? [])[...] }

    /// Adds the newest rate of each line, and forgets the lines that are not there any more.
    mutating func add(_ newest: [String: Double?]) {
        var kept: [String: [Double]] = [:]
        for (key, rate) in newest {
            var all = rates.removeValue(forKey: key) ?? []
            if all.count >= Self.limit { all.removeFirst(all.count - Self.limit + 1) }
            all.append(rate ?? 0)
            kept[key] = all
        }
        rates = kept
    }
}

/// Numbers as a row of bars.
enum Sparkline {
    private static let blocks = Array(" ▁▂▃▄▅▆▇█")
    private static let letters = Array(" .:-=+*#@")

    /// One character for each number, or for as many neighbours as make all of them fit, of which the mean is shown.
    ///
    /// The highest bar is the largest of those shown; only what is nothing at all is blank. Newest on the right.
    static func text(_ numbers: ArraySlice<Double>, width: Int, isUnicode: Bool) -> String {
        guard width > 0 else { return "" }
        let group = max(1, (numbers.count + width - 1) / width)
        var means: [Double] = []
        var end = numbers.endIndex
        // From the newest backwards: if there is a smaller group, it is the oldest.
        while end > numbers.startIndex {
            let start = max(numbers.startIndex, end - group)
            means.append(numbers[start..<end].reduce(0, +) / Double(end - start))
            end = start
        }
        let steps = isUnicode ? blocks : letters
        let largest = means.max() ?? 0
        let bars = means.reversed().map { mean -> Character in
            guard mean > 0, largest > 0 else { return steps[0] }
            return steps[max(1, min(steps.count - 1, Int((mean / largest * Double(steps.count - 1)).rounded())))]
        }
        return String(repeating: " ", count: width - bars.count) + String(bars)
    }
}
