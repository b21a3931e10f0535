// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux
import Packet
import SystemPackage

/// A listening TCP socket of a host.
public final class TCPListener: Sendable {
    /// The socket itself.
    public let socket: Socket
    /// What it listens at.
    public let address: SocketAddress

    /// Opens and binds it; port 0 is any that is free.
    public init(on host: Host, _ family: NetworkFamily, port: UInt16 = 0) throws(NetiError) {
        let wish = SocketAddress(host.address(family), port: port)
        socket = try Socket(
            on: host, domain: family == .inet ? AF_INET : AF_INET6, type: Int32(SOCK_STREAM.rawValue), protocol: 0
        ) { descriptor throws(NetiError) in
            try Socket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            try Socket.bind(descriptor, wish.encoded)
            guard listen(descriptor, 16) == 0 else { throw NetiError(Errno(rawValue: errno), "can't listen") }
        }
        address = socket.localAddress ?? wish
    }

    /// Takes one connection; nil when none was made in time.
    public func accept(within time: Duration = .seconds(3)) throws(NetiError) -> TCPConnection? {
        guard socket.wait(for: Int32(POLLIN), until: Deadline(time)) else { return nil }
        let accepted = Glibc.accept(socket.descriptor, nil, nil)
        guard accepted >= 0 else { throw NetiError(Errno(rawValue: errno), "can't accept a connection") }
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        return TCPConnection(adopting: accepted)
    }
}

/// One end of a TCP connection.
public final class TCPConnection: Sendable {
    /// The socket itself.
    public let socket: Socket

    init(adopting descriptor: Int32) {
        socket = Socket(adopting: descriptor)
    }

    /// Starts to connect and returns at once.
    public init(from host: Host, to address: SocketAddress) throws(NetiError) {
        let family: NetworkFamily = address.address.version == .v4 ? .inet : .inet6
        let source = SocketAddress(host.address(family), port: 0)
        socket = try Socket(
            on: host, domain: family == .inet ? AF_INET : AF_INET6, type: Int32(SOCK_STREAM.rawValue), protocol: 0
        ) { descriptor throws(NetiError) in
            try Socket.bind(descriptor, source.encoded)
            let code = unsafe withSockaddr(address.encoded) { unsafe connect(descriptor, $0, $1) }
            guard code == 0 || errno == EINPROGRESS else {
                throw NetiError(Errno(rawValue: errno), "can't connect to \(address)")
            }
        }
    }

    /// Waits until the connection stands; false when it doesn't in time or was refused.
    public func isConnected(within time: Duration = .seconds(3)) -> Bool {
        guard socket.wait(for: Int32(POLLOUT), until: Deadline(time)) else { return false }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0
    }

    /// Sends what there is room for; the number of bytes, 0 when there is none.
    public func sendNow(_ bytes: ArraySlice<UInt8>) throws(NetiError) -> Int {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe send(socket.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return 0 }
        guard count >= 0 else { throw NetiError(Errno(rawValue: errno), "can't send") }
        return count
    }

    /// Takes what is there; empty when there is nothing yet, nil at the end of the stream.
    public func receiveNow() throws(NetiError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        let count = unsafe recv(socket.descriptor, &bytes, bytes.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        guard count >= 0 else { throw NetiError(Errno(rawValue: errno), "can't receive") }
        return count == 0 ? nil : Array(bytes.prefix(count))
    }

    /// Sends all of `bytes` to the other end and returns what came out there; less when the time is over.
    public func carry(
        _ bytes: [UInt8], to other: TCPConnection, within time: Duration = .seconds(20)
    ) throws(NetiError) -> [UInt8] {
        let deadline = Deadline(time)
        var sent = 0
        var received: [UInt8] = []
        while received.count < bytes.count {
            if sent < bytes.count { sent += try sendNow(bytes[sent..<min(bytes.count, sent + 1 << 20)]) }
            guard let more = try other.receiveNow() else { return received }
            received += more
            guard more.isEmpty else { continue }
            var requests = [
                pollfd(fd: other.socket.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: socket.descriptor, events: sent < bytes.count ? Int16(POLLOUT) : 0, revents: 0),
            ]
            guard unsafe poll(&requests, 2, deadline.milliseconds) > 0 else { return received }
        }
        return received
    }
}
