// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The folder in which a daemon keeps what outlives it; locked, for two daemons would overwrite each other's.
///
/// The lock is on the folder itself and goes with the process, however that ends.
final class StateDirectory: Sendable {
    let path: FilePath
    private let descriptor: FileDescriptor

    /// Opens the folder, making it if its parent is there.
    ///
    /// - Throws: `EWOULDBLOCK` while another process has it.
    init(_ path: FilePath) throws(Errno) {
        self.path = path
        if unsafe mkdir(path.string, 0o700) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw (error as? Errno) ?? .ioError
        }
        if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            let refusal = Errno(rawValue: errno)
            try? descriptor.close()
            throw refusal
        }
    }

    deinit {
        try? descriptor.close()
    }

    /// The bytes of a file, as many as `limit` and one; nil if it isn't there.
    func read(_ name: String, limit: Int) throws(Errno) -> [UInt8]? {
        do throws(Errno) {
            return try ConfigurationFile.read(path.appending(name), atMost: limit + 1)
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Replaces a file: whoever reads it, also after a crash of the machine, finds the old contents or the new ones.
    func replace(_ name: String, _ bytes: [UInt8]) throws(Errno) {
        let new = path.appending(name + ".new")
        do {
            let file = try FileDescriptor.open(
                new, .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow], permissions: .ownerReadWrite)
            try file.closeAfter {
                _ = try file.writeAll(bytes)
                if fdatasync(file.rawValue) != 0 { throw Errno(rawValue: errno) }
            }
        } catch {
            throw (error as? Errno) ?? .ioError
        }
        try rename(name + ".new", to: name)
    }

    /// Puts a file under another name, in place of what has that name.
    func rename(_ name: String, to other: String) throws(Errno) {
        if unsafe Glibc.rename(path.appending(name).string, path.appending(other).string) != 0 {
            throw Errno(rawValue: errno)
        }
        if fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: errno) }
    }
}
