// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NetiControl

/// The contents of the state file: the persistent kstats of all IP instances, as JSON.
package struct KstatState: Codable, Equatable, Sendable {
    /// Why bytes are not a state, for a person.
    package struct Damage: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Bytes of the largest file that is read or written.
    package static let maximumSize = 16 << 20

    /// The only version that there is.
    private static let version = 1

    private let version: Int

    /// One for each kstat.
    package let kstats: [KstatRecord]

    package init(_ kstats: [KstatRecord]) {
        version = Self.version
        self.kstats = kstats
    }

    /// Reads a file's bytes.
    package init(_ bytes: [UInt8]) throws(Damage) {
        if bytes.count > Self.maximumSize { throw Damage(description: "longer than \(Self.maximumSize) bytes") }
        if isNestedTooDeeply(bytes) { throw Damage(description: "nested too deeply") }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw Damage(description: "not the JSON of a state file: \(error)")
        }
        if version != Self.version {
            throw Damage(description: "version \(version), expected \(Self.version)")
        }
        if let wrong = kstats.firstIndex(where: { $0.data == nil }) {
            throw Damage(description: "kstats[\(wrong)]: its values are not those of its type")
        }
    }

    /// The file's bytes, the same for the same state. Kstats that find no room are left out, the last ones first.
    ///
    /// - Returns: the bytes and how many kstats are in them.
    package func encoded(limit: Int = maximumSize) throws -> (bytes: [UInt8], count: Int) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var count = kstats.count
        while true {
            let bytes = Array(try encoder.encode(KstatState(Array(kstats.prefix(count)))))
            if bytes.count <= limit || count == 0 { return (bytes, count) }
            count = min(count - 1, count * limit / bytes.count)
        }
    }
}
