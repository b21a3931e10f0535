// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether it is free of blanks and control characters, and not empty.
    var isWord: Bool {
        !isEmpty && unicodeScalars.allSatisfy { !$0.properties.isWhitespace && !$0.isControl }
    }

    /// The text in quotation marks, with escapes where needed. (TOMLKit redefines `debugDescription` of a text.)
    var quoted: String { String(reflecting: self) }
}

extension Unicode.Scalar {
    /// Whether it steers a terminal instead of showing something.
    var isControl: Bool { properties.generalCategory == .control }
}
