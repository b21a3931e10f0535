// SPDX-License-Identifier: Apache-2.0

/// A header of a TOML document with the values below it, up to the next header: where they stand in the text.
///
/// Ranges are offsets of bytes. Of a document that isn't TOML they make no sense, but lie within the text all the same.
struct ConfigurationSection: Equatable {
    /// One key with its value.
    struct Entry: Equatable {
        /// What the key stands for, from the root of the document.
        let path: ConfigurationPath
        /// Where the key begins.
        let start: Int
        /// Where the value is.
        let value: Range<Int>
    }

    /// The table; the root of the document for what stands before the first header.
    var path = ConfigurationPath()

    /// `[a.b]` or `[[a.b]]`.
    var header = 0..<0

    /// In the order of the text.
    var entries: [Entry] = []

    /// Where the last value ends, or the header where there is none.
    var end: Int { entries.last?.value.upperBound ?? header.upperBound }
}
