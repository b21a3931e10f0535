// SPDX-License-Identifier: Apache-2.0

/// The numbers that may end the operands of kstat(1M): an interval, and how often.
struct Repetition: Equatable {
    /// Seconds from one showing to the next, at least 1; nil to show once.
    var interval: Int?
    /// How often to show; nil for ever.
    var count: Int?

    /// Once.
    init() {
        count = 1
    }

    /// Takes the numbers off the end of the operands. A module whose name is a number can be meant by a colon behind it.
    ///
    /// - Returns: nil for a number that is none of those that are possible.
    init?(trailing operands: inout [String]) {
        var numbers: [Int] = []
        while numbers.count < 2, let last = operands.last, last.allSatisfy(\.isASCIIDigit), !last.isEmpty {
            guard let number = Int(last), (1...Self.longest).contains(number) else { return nil }
            numbers.insert(number, at: 0)
            operands.removeLast()
        }
        interval = numbers.first
        count = numbers.isEmpty ? 1 : numbers.count == 2 ? numbers[1] : nil
    }

    private static let longest = 1_000_000_000
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
