// SPDX-License-Identifier: Apache-2.0

import Hooks
import SystemPackage

/// A sequence of registrations and what must come of it, in the notation of the ordering tables:
///
///     a: [a]; l L: [a l]; b→a B: EBUSY [a l]; -a: [l]
///
/// `x` registers x without a hint, `x F` first, `x L` last, `x→t B` before t, `x→t A` after t, `x ?7` with hint number 7;
/// `-x` unregisters. Behind the colon stand an errno, if the step must fail, and the order that must result; a step
/// without a colon must succeed.
package struct OrderingScript: Sendable, CustomStringConvertible {
    /// One operation and what must come of it.
    struct Step {
        let text: String
        let operation: Operation
        let errno: Errno?
        let order: [String]?
    }

    enum Operation {
        case register(String, Hint)
        case unregister(String)
    }

    private let id: String
    private let text: String

    init(_ id: String, _ text: String) {
        self.id = id
        self.text = text
    }

    package var description: String { "\(id) \(text)" }

    /// A step that isn't in the notation.
    package struct Malformed: Error {
        package let step: String
    }

    func steps() throws -> [Step] {
        try text.split(separator: ";").map { step in
            let halves = step.split(separator: ":", maxSplits: 1)
            let operation = try Self.operation(halves[0].split(separator: " ").map(String.init))
            var errno: Errno?
            var order: [String]?
            if halves.count == 2 {
                let parts = halves[1].split(separator: "[", omittingEmptySubsequences: false)
                errno = try Self.errno(parts[0].filter { !$0.isWhitespace })
                order = parts.count == 2 ? parts[1].filter { $0 != "]" }.split(separator: " ").map(String.init) : nil
            }
            return Step(text: String(step), operation: operation, errno: errno, order: order)
        }
    }

    private static func operation(_ words: [String]) throws -> Operation {
        let malformed = Malformed(step: words.joined(separator: " "))
        let names = words.first?.split(separator: "→").map(String.init) ?? []
        switch (names.count, words.count > 1 ? words[1] : "") {
        case (1, ""):
            return names[0].hasPrefix("-") ? .unregister(String(names[0].dropFirst())) : .register(names[0], .none)
        case (1, "F"): return .register(names[0], .first)
        case (1, "L"): return .register(names[0], .last)
        case (2, "B"): return .register(names[0], .before(names[1]))
        case (2, "A"): return .register(names[0], .after(names[1]))
        case (1, let word) where word.hasPrefix("?"):
            guard let code = Int32(word.dropFirst()) else { throw malformed }
            return .register(names[0], Hint(code: code))
        default: throw malformed
        }
    }

    private static func errno(_ name: String) throws -> Errno? {
        switch name {
        case "": nil
        case "EBUSY": .resourceBusy
        case "EEXIST": .fileExists
        case "EINVAL": .invalidArgument
        case "ESRCH": .noSuchProcess
        default: throw Malformed(step: name)
        }
    }
}
