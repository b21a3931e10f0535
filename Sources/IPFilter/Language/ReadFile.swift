// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// All bytes of a file that a person wrote.
///
/// Doesn't wait for anybody: a FIFO without a writer reads as empty.
/// - Throws: `EFBIG` for more than 16 MiB, as a device without end would give.
func readFile(_ path: FilePath) throws -> [UInt8] {
    let limit = 16 << 20
    let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
    return try file.closeAfter {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
            if bytes.count > limit { throw Errno.fileTooLarge }
        }
    }
}
