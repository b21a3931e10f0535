// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
package import SystemPackage

/// A listening Unix socket and its name in the file system.
///
/// The name appears with mode 0600 and gets its group and mode 0660 before anybody can connect, because connecting works
/// only from listen(2) on. A name that a dead daemon left behind is replaced; a live daemon's, or anything else, is not.
package final class ListeningSocket: Sendable {
    package let path: String
    private let identity: FileIdentity
    private let descriptor: Mutex<FileDescriptor?>

    package init(path: String, group: UInt32?) throws(ControlSocketError) {
        func attempt<T>(_ what: String, _ body: () throws(Errno) -> T) throws(ControlSocketError) -> T {
            do throws(Errno) {
                return try body()
            } catch {
                throw .system(path: path, attempted: what, error)
            }
        }
        let address = try attempt("use as address") { () throws(Errno) in try UnixAddress(path: path) }
        try Self.removeStale(path: path, address: address)

        let socket = try attempt("socket") { () throws(Errno) in try FileDescriptor.unixStreamSocket(blocking: false) }
        var bound: FileIdentity?
        do throws(ControlSocketError) {
            // On Linux the name takes its mode from the socket, less the umask, so it never exists with a wider one.
            try attempt("fchmod") { () throws(Errno) in try check(fchmod(socket.rawValue, 0o600)) }
            try attempt("bind") { () throws(Errno) in try address.bind(socket) }
            let name = try attempt("lstat") { () throws(Errno) in try FileIdentity(path: path) }
            bound = name
            if let group {
                try attempt("chown") { () throws(Errno) in try check(unsafe lchown(path, uid_t.max, group)) }
            }
            try attempt("chmod") { () throws(Errno) in try check(unsafe chmod(path, 0o660)) }
            try attempt("listen") { () throws(Errno) in try check(listen(socket.rawValue, 64)) }
            self.path = path
            identity = name
            descriptor = Mutex(socket)
        } catch {
            bound?.unlink(path: path)
            try? socket.close()
            throw error
        }
    }

    /// Hands the descriptor over, once. The name stays this object's to remove.
    package func takeDescriptor() -> FileDescriptor? {
        descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
    }

    /// Removes the name, unless somebody else has put another socket there.
    package func unlink() {
        identity.unlink(path: path)
    }

    deinit {
        if let descriptor = takeDescriptor() {
            unlink()
            try? descriptor.close()
        }
    }

    private static func removeStale(path: String, address: UnixAddress) throws(ControlSocketError) {
        let found: FileIdentity
        do throws(Errno) {
            found = try FileIdentity(path: path)
        } catch {
            // bind(2) gives the better answer to whatever else is wrong with the path.
            return
        }
        guard found.isSocket else { throw .notASocket(path: path) }
        do throws(Errno) {
            let probe = try FileDescriptor.unixStreamSocket(blocking: false)
            defer { try? probe.close() }
            try address.connect(probe)
        } catch .connectionRefused {
            found.unlink(path: path)
            return
        } catch .resourceTemporarilyUnavailable {
            // It listens, and its backlog is full.
            throw .inUse(path: path)
        } catch {
            throw .system(path: path, attempted: "connect", error)
        }
        throw .inUse(path: path)
    }
}

/// Which file a name stands for.
private struct FileIdentity: Equatable {
    let device: dev_t
    let inode: ino_t
    let isSocket: Bool

    init(path: String) throws(Errno) {
        var status = stat()
        try check(unsafe lstat(path, &status))
        device = status.st_dev
        inode = status.st_ino
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Removes the name if it still stands for this file.
    func unlink(path: String) {
        guard let now = try? FileIdentity(path: path), now == self else { return }
        _ = unsafe Glibc.unlink(path)
    }
}

private func check(_ result: CInt) throws(Errno) {
    if result != 0 { throw Errno(rawValue: errno) }
}
