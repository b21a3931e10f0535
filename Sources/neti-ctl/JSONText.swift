// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// JSON for people and programs, the same for the same answer. What might steer a terminal is escaped.
func jsonText(_ reply: some Encodable) throws -> String {
    try json(reply, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
}

/// The same on one line, for programs that read lines.
func jsonLine(_ value: some Encodable) throws -> String {
    try json(value, [.sortedKeys, .withoutEscapingSlashes])
}

private func json(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    return text.unicodeScalars.reduce(into: "") { escaped, scalar in
        // Within a value the encoder has escaped newlines already: those that are left stand between values.
        guard !scalar.isPrintable, scalar != "\n" else {
            escaped.unicodeScalars.append(scalar)
            return
        }
        for unit in UTF16.encode(scalar) ?? .init() {
            let digits = String(unit, radix: 16)
            escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
