// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// A path in the form in which system calls want it (`struct sockaddr_un`, unix(7)).
struct UnixAddress {
    private var address = sockaddr_un()

    /// - Throws: `EINVAL` if the path is empty or holds a NUL, `ENAMETOOLONG` if it does not fit (107 bytes).
    init(path: String) throws(Errno) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidArgument }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .fileNameTooLong }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: bytes)
        }
    }

    /// bind(2).
    func bind(_ socket: FileDescriptor) throws(Errno) {
        try unsafe perform { unsafe Glibc.bind(socket.rawValue, $0, $1) }
    }

    /// connect(2).
    func connect(_ socket: FileDescriptor) throws(Errno) {
        try unsafe perform { unsafe Glibc.connect(socket.rawValue, $0, $1) }
    }

    private func perform(_ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt) throws(Errno) {
        let result = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe call(address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result != 0 { throw Errno(rawValue: errno) }
    }
}

extension FileDescriptor {
    /// A new Unix stream socket that no child process inherits.
    static func unixStreamSocket(blocking: Bool) throws(Errno) -> FileDescriptor {
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, CInt(type), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: descriptor)
    }

    /// SO_RCVTIMEO or SO_SNDTIMEO of socket(7); the latter also bounds connect(2).
    func setTimeout(_ timeout: Duration, option: CInt) throws(Errno) {
        let (seconds, attoseconds) = timeout.components
        var value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        if unsafe setsockopt(rawValue, SOL_SOCKET, option, &value, size) != 0 { throw Errno(rawValue: errno) }
    }
}
