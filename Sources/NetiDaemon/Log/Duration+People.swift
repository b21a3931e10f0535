// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// For a person, to three digits at most: `31 ms`, `1.5 s`, `200 us`.
    var forPeople: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        let units: [(size: Int64, name: String)] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")]
        guard let unit = units.first(where: { nanoseconds >= $0.size }) else { return "\(nanoseconds) ns" }
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: unit.size)
        let tenths = rest * 10 / unit.size
        return whole < 10 && tenths > 0 ? "\(whole).\(tenths) \(unit.name)" : "\(whole) \(unit.name)"
    }

    /// The same with every digit, down to nanoseconds, for values that are compared: `10.2 ms`.
    var exactForPeople: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        let units: [(digits: Int, name: String)] = [(9, "s"), (6, "ms"), (3, "us")]
        let text = "\(nanoseconds)"
        guard let unit = units.first(where: { text.count > $0.digits }) else { return "\(text) ns" }
        var fraction = text.suffix(unit.digits)
        while fraction.last == "0" { fraction.removeLast() }
        return text.dropLast(unit.digits) + (fraction.isEmpty ? "" : "." + fraction) + " " + unit.name
    }
}
