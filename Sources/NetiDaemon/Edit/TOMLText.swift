// SPDX-License-Identifier: Apache-2.0

/// Keys and values as TOML spells them.
enum TOMLText {
    /// A key, in quotation marks where it needs them.
    static func key(_ key: String) -> String {
        !key.isEmpty && key.utf8.allSatisfy(ConfigurationPath.isBare) ? key : string(key)
    }

    /// A text on one line.
    static func string(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { result, scalar in
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.isControl {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        } + "\""
    }

    /// An array of texts.
    static func strings(_ texts: [String]) -> String {
        "[" + texts.map(string).joined(separator: ", ") + "]"
    }

    /// A number or a truth value as it is, anything else as a text.
    static func scalar(_ text: String) -> String {
        text == "true" || text == "false" || Int64(text).map { "\($0)" == text } == true ? text : string(text)
    }
}
