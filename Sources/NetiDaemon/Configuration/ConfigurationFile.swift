// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Reads whole files that a person wrote.
enum ConfigurationFile {
    /// The first bytes of a file, all of them if it isn't longer than `limit`.
    ///
    /// Doesn't wait for anybody: a FIFO without a writer reads as empty.
    static func read(_ path: FilePath, atMost limit: Int) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var part = [UInt8](repeating: 0, count: min(limit, 65_536))
                while bytes.count < limit {
                    let count = unsafe try part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                    if count == 0 { break }
                    bytes += part[..<min(count, limit - bytes.count)]
                }
                return bytes
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }
}
