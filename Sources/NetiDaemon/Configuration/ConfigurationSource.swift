// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// The text of a configuration, and how far it is from that of its file.
///
/// It goes wherever the configuration goes, so that whichever one is in force, what was changed and not saved is known.
struct ConfigurationSource: Sendable {
    /// A text and what it says.
    struct Version: Sendable, Equatable {
        var text: [UInt8]
        var instances: [Configuration.Instance]
    }

    /// Absolute path of the file.
    let path: String

    /// This configuration's own text.
    var text: [UInt8]

    /// What the file said when it was read, or when a change was last saved there.
    private(set) var file: Version

    /// What a client was given to write to the file; nil as soon as it is known to be there.
    var offered: Version?

    /// A text that was just read from its file.
    init(path: String, version: Version) {
        self.path = path
        text = version.text
        file = version
    }

    /// The same file with another text in force.
    func changed(to text: [UInt8]) -> Self {
        var changed = self
        changed.text = text
        return changed
    }

    /// Whether the file says the same, as far as is known.
    var isSaved: Bool { text == file.text }

    /// What the file says now, at most one byte more than a configuration may have.
    func read() throws(Errno) -> [UInt8] {
        try ConfigurationFile.read(FilePath(path), atMost: ConfigurationDocument.maximumLength + 1)
    }

    /// Whether the file has become what was offered.
    var isOfferTaken: Bool {
        guard let offered, let now = try? read() else { return false }
        return now == offered.text
    }

    /// Takes what was offered for the file's.
    mutating func settle() {
        if let offered { file = offered }
        offered = nil
    }
}
