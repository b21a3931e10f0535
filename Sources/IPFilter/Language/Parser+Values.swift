// SPDX-License-Identifier: Apache-2.0

// Numbers and lists: what several clauses share.

extension Parser {
    /// The number that a token stands for, decimal or hexadecimal with `0x`, within its type's range.
    func number<Value: FixedWidthInteger>(_ token: Token, _ what: String) throws(Complaint) -> Value {
        guard let value: Value = Self.number(token.text) else {
            throw Complaint(location: token.location, message: "expected \(what), found \(token.quoted)")
        }
        return value
    }

    static func number<Value: FixedWidthInteger>(_ text: some StringProtocol) -> Value? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return text.lowercased().hasPrefix("0x") ? Value(text.dropFirst(2), radix: 16) : Value(text)
    }

    /// Whether `{`, or `(` as in release 4.1, is next.
    var beginsList: Bool {
        peek.kind == .sign && (peek.text == "{" || peek.text == "(")
    }

    /// One element, or several in braces or brackets, separated by commas or blanks.
    mutating func parseList<Element>(
        _ element: (inout Parser) throws(Complaint) -> Element
    ) throws(Complaint) -> [Element] {
        guard beginsList else { return [try element(&self)] }
        let close = take().text == "{" ? "}" : ")"
        var elements: [Element] = []
        while true {
            elements.append(try element(&self))
            if accept(sign: close) { return elements }
            if !accept(sign: ",") { tried += ["','", "'\(close)'"] }
        }
    }
}
