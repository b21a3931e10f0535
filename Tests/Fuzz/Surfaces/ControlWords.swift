// SPDX-License-Identifier: Apache-2.0

/// Pieces of JSON that change the shape of a message rather than one letter.
enum ControlWords {
    static let json: [[UInt8]] =
        [
            #"""#, #"\"#, #"\u"#, #"\ud800"#, #"\u0000"#, "{", "}", "[", "]", ":", ",", "null", "true", "false", "{}",
            "[]",
            #""""#, "-", "-1", "0.1", "1e999", "9223372036854775808", "18446744073709551616", "\u{feff}", #"{"":0},"#,
            #"{"a":{"a":{"a":{}}}}"#,
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]
}
