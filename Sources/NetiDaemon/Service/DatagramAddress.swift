// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Where somebody listens on a Unix datagram socket: the service manager, the journal.
struct DatagramAddress: Sendable {
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Parameter name: an absolute path, or `@` and an abstract name (unix(7)).
    /// - Throws: `EINVAL` when it is neither, `ENAMETOOLONG` when it is longer than 107 bytes.
    init(_ name: String) throws(Errno) {
        let name = Array(name.utf8)
        guard name.count > 1, name[0] == UInt8(ascii: "/") || name[0] == UInt8(ascii: "@") else {
            throw .invalidArgument
        }
        var address = sockaddr_un()
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .fileNameTooLong }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            unsafe path.copyBytes(from: name)
            if name[0] == UInt8(ascii: "@") { unsafe path[0] = 0 }
        }
        self.address = address
        length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    }

    /// A socket from which to send; the caller closes it.
    ///
    /// - Throws: `EMFILE`, `ENFILE`.
    static func socket() throws(Errno) -> FileDescriptor {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: socket)
    }

    /// Sends one datagram.
    ///
    /// - Parameter waits: whether to wait for room while the listener hasn't read what it got before.
    /// - Throws: what sendto(2) says: `ECONNREFUSED` when nobody listens, `EAGAIN` instead of waiting.
    func send(_ bytes: [UInt8], from socket: FileDescriptor, waits: Bool) throws(Errno) {
        let flags = Int32(MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT))
        let failure: Int32? = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(socket.rawValue, bytes, bytes.count, flags, address, length) < 0 ? errno : nil
            }
        }
        if let failure { throw Errno(rawValue: failure) }
    }
}
