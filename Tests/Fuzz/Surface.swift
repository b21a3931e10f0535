// SPDX-License-Identifier: Apache-2.0

/// One way by which bytes from outside come in.
protocol Surface {
    /// Hands over one input and checks what must hold of the result.
    ///
    /// - Returns: whether the input was understood, for the statistics.
    /// - Throws: ``Violation``.
    mutating func feed(_ input: [UInt8]) async throws -> Bool

    /// Pieces that mean something here, to be strewn into inputs.
    var words: [[UInt8]] { get }

    /// Whether inputs are lines of words, which are then moved about as such.
    var isText: Bool { get }

    /// Where lengths, offsets and header sizes stand.
    func lengthFields(of input: [UInt8]) -> [LengthField]

    /// Makes the outermost length right, so that what is wrong inside comes to light.
    func repair(_ input: inout [UInt8])

    /// The part to change next, for inputs that are put together of different things.
    func part(of input: [UInt8], _ generator: inout SeededGenerator) -> Range<Int>
}

extension Surface {
    var words: [[UInt8]] { [] }
    var isText: Bool { false }
    func lengthFields(of input: [UInt8]) -> [LengthField] { [] }
    func repair(_ input: inout [UInt8]) {}
    func part(of input: [UInt8], _ generator: inout SeededGenerator) -> Range<Int> { input.indices }
}

/// Something that must hold of every input and didn't.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Checks what must hold.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description: message()) }
}
