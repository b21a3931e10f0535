// SPDX-License-Identifier: Apache-2.0

/// The way from the root of a TOML document to a value: `instance[0].hook[1].hint`.
struct ConfigurationPath: Hashable, CustomStringConvertible {
    enum Step: Hashable {
        case key(String)
        case index(Int)
    }

    private(set) var steps: [Step] = []

    func appending(_ key: String) -> Self { Self(steps: steps + [.key(key)]) }

    func appending(_ index: Int) -> Self { Self(steps: steps + [.index(index)]) }

    /// The table or array that holds the value; nil for the root.
    var parent: Self? { steps.isEmpty ? nil : Self(steps: steps.dropLast()) }

    var description: String {
        steps.reduce(into: "") { text, step in
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += (text.isEmpty ? "" : ".") + (Self.isBare(key) ? key : key.quoted)
            }
        }
    }

    /// Whether TOML lets the key stand without quotation marks.
    private static func isBare(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.allSatisfy(isBare)
    }

    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
