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
                var bytes = [UInt8](repeating: 0, count: limit)
                var length = 0
                while length < limit {
                    let count = unsafe try bytes.withUnsafeMutableBytes { room in
                        unsafe try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[length...]))
                    }
                    if count == 0 { break }
                    length += count
                }
                bytes.removeSubrange(length...)
                return bytes
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }
}
