// SPDX-License-Identifier: Apache-2.0

import Neti

/// A number with a unit behind it, such as `50ms`, `0.1%` or `1Mbit`; a bare `0` needs no unit.
package struct Quantity {
    /// What one of each unit is in the unit that is counted in. Small letters; texts may have capitals.
    let units: [String: Double]

    /// What the value may be, in the unit that is counted in.
    let range: ClosedRange<Double>

    /// What messages say is expected.
    let expected: String

    /// The value in the unit that is counted in.
    ///
    /// - Throws: the message that says what was expected, what was found, and what may have been meant.
    package func value(of text: String) throws(QuantityError) -> Double {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count).lowercased()
        guard digits.count <= Self.maximumDigits, digits.first != ".", digits.last != ".", let number = Double(digits)
        else { throw refusal(of: text) }
        if unit.isEmpty, number == 0 { return 0 }
        guard let factor = units[unit] else {
            throw refusal(of: text, hint: nearestUnit(to: unit).map { "did you mean \"\(digits)\($0)\"?" })
        }
        guard range.contains(number * factor) else { throw refusal(of: text) }
        return number * factor
    }

    private static let maximumDigits = 20

    private func refusal(of text: String, hint: String? = nil) -> QuantityError {
        let found = "expected \(expected), found \(String(reflecting: text.prefix(40)))"
        return QuantityError(message: hint.map { "\(found); \($0)" } ?? found)
    }

    /// The unit that was probably meant; of a number without one, the only one there is.
    private func nearestUnit(to unit: String) -> String? {
        if unit.isEmpty { return units.count == 1 ? units.keys.first : nil }
        guard unit.utf8.count <= Self.maximumDigits else { return nil }
        return units.keys.sorted().nearest(to: unit)
    }
}

/// Why a text is no quantity.
package struct QuantityError: Error {
    package let message: String
}

extension Quantity {
    /// Nanoseconds, up to an hour. The units of tc(8).
    package static let time = Quantity(
        units: [
            "ns": 1, "nsec": 1, "nsecs": 1, "us": 1e3, "usec": 1e3, "usecs": 1e3, "ms": 1e6, "msec": 1e6, "msecs": 1e6,
            "s": 1e9, "sec": 1e9, "secs": 1e9,
        ], range: 0...3_600e9, expected: "a time of up to an hour such as \"50ms\" (us, ms or s)")

    /// A share of 1.
    static let share = Quantity(
        units: ["%": 0.01], range: 0...1, expected: "a percentage from \"0%\" to \"100%\" such as \"0.5%\"")

    /// Bits a second, from 1 kbit/s to 1 Tbit/s; prefixes count in thousands, as in tc(8).
    static let rate = Quantity(
        units: ["bit": 1, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9], range: 1e3...1e12,
        expected: "a rate in bits a second from \"1kbit\" on such as \"1mbit\" (kbit, mbit or gbit), or \"0\" for none")
}
