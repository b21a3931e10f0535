// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Tells whether files say what they said before, without keeping them. Looks at each file once in its life.
struct FileDigests {
    /// Longest file that is looked at, in bytes; a longer one counts as changed.
    private static let maximumLength = 1 << 28

    /// Whether modules go on whatever their files say now: they are what is gone back to, or nobody asked for others.
    let areIgnored: Bool

    private var known: [String: Int?] = [:]

    init(areIgnored: Bool = false) {
        self.areIgnored = areIgnored
    }

    /// A number for what the file holds; nil when it can't be read. Means nothing outside this process.
    mutating func digest(of path: String) -> Int? {
        if let known = known[path] { return known }
        let digest = Self.digest(of: path)
        known[path] = .some(digest)
        return digest
    }

    /// The same without a look at what was known.
    static func digest(of path: String) -> Int? {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
            return try file.closeAfter { try digest(of: file) }
        } catch {
            return nil
        }
    }

    private static func digest(of file: FileDescriptor) throws -> Int? {
        var hasher = Hasher()
        var room = [UInt8](repeating: 0, count: 65_536)
        var length = 0
        while length <= maximumLength {
            let count = try read(file, into: &room)
            if count == 0 { return hasher.finalize() }
            hasher.combine(room[..<count])
            length += count
        }
        return nil
    }

    private static func read(_ file: FileDescriptor, into room: inout [UInt8]) throws -> Int {
        unsafe try room.withUnsafeMutableBytes { room in unsafe try file.read(into: room) }
    }
}
