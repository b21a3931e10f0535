// SPDX-License-Identifier: Apache-2.0

/// Elements of SVG as text, well formed whatever the names in it are.
struct SVGText {
    private(set) var document = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"

    typealias Attributes = [(name: String, value: String)]

    /// An element without others in it.
    ///
    /// - Parameter tip: shown by readers that can while one points at it.
    mutating func element(_ name: String, _ attributes: Attributes = [], text: String? = nil, tip: String? = nil) {
        document += "<\(name)\(Self.text(attributes))"
        let content = (tip.map { "<title>\(Self.escaped($0))</title>" } ?? "") + (text.map(Self.escaped) ?? "")
        document += content.isEmpty ? "/>\n" : ">\(content)</\(name)>\n"
    }

    mutating func open(_ name: String, _ attributes: Attributes) {
        document += "<\(name)\(Self.text(attributes))>\n"
    }

    mutating func close(_ name: String) {
        document += "</\(name)>\n"
    }

    /// A line of text; its looks are those of the style sheet's classes.
    mutating func text(_ x: Int, _ y: Int, _ looks: String, _ text: String, tip: String? = nil) {
        guard !text.isEmpty else { return }
        element("text", [("class", looks), ("x", "\(x)"), ("y", "\(y)")], text: text, tip: tip)
    }

    private static func text(_ attributes: Attributes) -> String {
        attributes.map { " \($0.name)=\"\(escaped($0.value))\"" }.joined()
    }

    /// Text without what XML gives a meaning and what it forbids (Extensible Markup Language 1.0, 2.2 and 2.4).
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "\n"
            case _ where !scalar.isPrintable || scalar.value & 0xFFFE == 0xFFFE: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
