// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux
import SystemPackage

/// A socket that was opened inside a host and is used from outside. Never blocks longer than it is told to.
public final class Socket: Sendable {
    /// The descriptor, as long as this object lives.
    public let descriptor: Int32

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - prepare: sets options and binds, inside the host as well.
    public init(
        on host: Host, domain: Int32, type: Int32, protocol number: Int32,
        prepare: @escaping @Sendable (Int32) throws(NetiError) -> Void = { _ in }
    ) throws(NetiError) {
        descriptor = try host.run { () throws(NetiError) in
            let opened = socket(domain, type | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), number)
            guard opened >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open a socket") }
            do throws(NetiError) {
                try prepare(opened)
            } catch {
                close(opened)
                throw error
            }
            return opened
        }
    }

    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Waits until one of `events` (poll(2)) or an error is there; false when the time is over.
    public func wait(for events: Int32, until deadline: Deadline) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let count = unsafe poll(&request, 1, deadline.milliseconds)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Sets an option that is a number.
    public func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(NetiError) {
        try Self.set(descriptor, level, option, value)
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(NetiError) {
        var value = value
        guard unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't set option \(option) of level \(level)")
        }
    }

    static func bind(_ descriptor: Int32, _ address: [UInt8]) throws(NetiError) {
        let code = unsafe withSockaddr(address) { unsafe Glibc.bind(descriptor, $0, $1) }
        guard code == 0 else { throw NetiError(Errno(rawValue: errno), "can't bind a socket") }
    }

    /// The address that the socket is bound to.
    var localAddress: SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(bytes.count)
        let code = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return code == 0 ? SocketAddress(Array(bytes.prefix(Int(length)))) : nil
    }
}

/// Hands an encoded address to a system call.
func withSockaddr<Value>(_ bytes: [UInt8], _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Value) -> Value {
    unsafe bytes.withUnsafeBytes { bytes in
        unsafe body(bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
}
