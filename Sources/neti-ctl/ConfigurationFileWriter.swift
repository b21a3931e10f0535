// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetiControl
import SystemPackage

/// Why the configuration file is as it was.
enum FileEditError: Error, Equatable, CustomStringConvertible {
    case changed(path: String)
    case other(path: String)
    case cannot(String, path: String, Errno)

    var description: String {
        switch self {
        case .changed(let path): "\(path) was changed meanwhile"
        case .other(let path): "the daemon's file is \(path); if that may be written, give '--config \(path)'"
        case .cannot(let verb, let path, let error): "can't \(verb) \(path): \(error)"
        }
    }
}

/// Writes a new text of the configuration file.
enum ConfigurationFileWriter {
    /// Replaces the file if it still says what the new text was made of.
    ///
    /// Whoever reads it, also after a crash of the machine, finds the old text or the new one. Owner, group and mode stay;
    /// a symbolic link stays one, and what it points to is replaced.
    ///
    /// - Parameter allowed: the only file that is written. The caller may be root and the daemon is not, so the daemon
    ///   must not choose.
    static func write(_ edit: ConfigurationEditing.FileEdit, allowed: String) throws(FileEditError) {
        let path = try resolve(edit.path)
        guard (try? resolve(allowed)) == path else { throw .other(path: edit.path) }
        var status = stat()
        guard unsafe stat(path.string, &status) == 0 else { throw failure("look at", path.string) }
        let temporary = path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "neti").\(getpid())")
        do throws(FileEditError) {
            try writeNew(temporary, Array(edit.new.utf8), like: status)
            // As late as can be: what somebody writes from here on is lost.
            guard try read(path) == Array(edit.old.utf8) else { throw .changed(path: path.string) }
            guard unsafe rename(temporary.string, path.string) == 0 else { throw failure("replace", path.string) }
        } catch {
            _ = unsafe unlink(temporary.string)
            throw error
        }
        syncFolder(of: path)
    }

    private static func resolve(_ path: String) throws(FileEditError) -> FilePath {
        guard let resolved = unsafe realpath(path, nil) else { throw failure("find", path) }
        defer { unsafe free(resolved) }
        return unsafe FilePath(platformString: resolved)
    }

    private static func writeNew(_ path: FilePath, _ bytes: [UInt8], like status: stat) throws(FileEditError) {
        try attempt("write", path.string) {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite)
            try file.closeAfter {
                _ = try file.writeAll(bytes)
                // The owner first: a change of it takes bits of the mode away.
                let isOwned = fchown(file.rawValue, status.st_uid, status.st_gid) == 0
                guard isOwned, fchmod(file.rawValue, status.st_mode & 0o7777) == 0, fsync(file.rawValue) == 0 else {
                    throw Errno(rawValue: errno)
                }
            }
        }
    }

    private static func read(_ path: FilePath) throws(FileEditError) -> [UInt8] {
        var bytes: [UInt8] = []
        try attempt("read", path.string) {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            try file.closeAfter {
                var chunk = [UInt8](repeating: 0, count: 65_536)
                while true {
                    let count = unsafe try chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                    if count == 0 { break }
                    bytes += chunk[..<count]
                }
            }
        }
        return bytes
    }

    /// Makes the new name outlive a crash. Where that fails, the text is in place all the same.
    private static func syncFolder(of path: FilePath) {
        let folder = path.removingLastComponent()
        guard let descriptor = try? FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec]) else {
            return
        }
        _ = fsync(descriptor.rawValue)
        try? descriptor.close()
    }

    private static func attempt(_ verb: String, _ path: String, _ body: () throws -> Void) throws(FileEditError) {
        do {
            try body()
        } catch {
            throw .cannot(verb, path: path, (error as? Errno) ?? .ioError)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> FileEditError {
        .cannot(verb, path: path, Errno(rawValue: errno))
    }
}
