// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// A directory that nobody else uses; it goes with the value.
struct TemporaryDirectory: ~Copyable {
    let path: FilePath
    private var files: [String] = []

    init() throws {
        var template = Array("/tmp/neti-test-XXXXXX".utf8)
        template.append(0)
        let isMade = unsafe template.withUnsafeMutableBytes { name in
            unsafe name.assumingMemoryBound(to: CChar.self).baseAddress.map { unsafe mkdtemp($0) != nil } ?? false
        }
        guard isMade else { throw Errno(rawValue: errno) }
        path = FilePath(String(decoding: template.dropLast(), as: UTF8.self))
    }

    deinit {
        for file in files { _ = unsafe unlink(path.appending(file).string) }
        _ = unsafe rmdir(path.string)
    }

    /// Writes a whole file into the directory.
    mutating func write(_ bytes: [UInt8], to name: String) throws {
        files.append(name)
        let file = try FileDescriptor.open(
            path.appending(name), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        _ = try file.closeAfter { try file.writeAll(bytes) }
    }

    /// Counts a file that somebody else makes as one to remove.
    mutating func expect(_ name: String) -> FilePath {
        files.append(name)
        return path.appending(name)
    }
}

/// The bytes of a file, at most 65,536.
func contents(of path: FilePath) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
        unsafe try Array(unsafeUninitializedCapacity: 65_536) { room, count in
            count = unsafe try file.read(into: UnsafeMutableRawBufferPointer(room))
        }
    }
}
