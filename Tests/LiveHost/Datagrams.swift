// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import SystemPackage

/// What one receive call of a datagram socket gave.
public struct Received: Sendable {
    /// The bytes; a socket decides whether they begin with a header.
    public var bytes: [UInt8]
    /// The sender, for IP sockets.
    public var from: SocketAddress?
    /// Time to live or hop limit, where the socket was asked to tell.
    public var hopLimit: UInt8?
    /// The sender's address as the kernel gave it.
    public var encodedSender: [UInt8]
}

extension Socket {
    /// Sends one datagram, at once or not at all.
    public func send(_ bytes: [UInt8], to address: SocketAddress) throws(NetiError) {
        try send(bytes, toEncoded: address.encoded)
    }

    func send(_ bytes: [UInt8], toEncoded address: [UInt8]) throws(NetiError) {
        let sent = unsafe withSockaddr(address) { address, length in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
        guard sent == bytes.count else { throw NetiError(Errno(rawValue: errno), "can't send \(bytes.count) bytes") }
    }

    /// Takes one datagram; nil when none came in time.
    public func receive(within time: Duration = .seconds(3)) throws(NetiError) -> Received? {
        let deadline = Deadline(time)
        while true {
            if let received = try receiveNow() { return received }
            guard wait(for: Int32(POLLIN), until: deadline) else { return nil }
        }
    }

    /// Takes one datagram that is there already.
    public func receiveNow() throws(NetiError) -> Received? {
        var bytes = [UInt8](repeating: 0, count: 65_600)
        var sender = [UInt8](repeating: 0, count: 128)
        var control = [UInt8](repeating: 0, count: 128)
        var lengths = (sender: 0, control: 0)
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe sender.withUnsafeMutableBytes { sender in
                unsafe control.withUnsafeMutableBytes { control in
                    var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                    return unsafe withUnsafeMutablePointer(to: &part) { part in
                        var message = unsafe msghdr()
                        unsafe message.msg_name = sender.baseAddress
                        unsafe message.msg_namelen = socklen_t(sender.count)
                        unsafe message.msg_iov = part
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        let count = unsafe recvmsg(descriptor, &message, 0)
                        unsafe lengths = (Int(message.msg_namelen), message.msg_controllen)
                        return count
                    }
                }
            }
        }
        guard count >= 0 else {
            // ECONNREFUSED and the like tell of an earlier datagram.
            if errno == EAGAIN || errno == EINTR { return nil }
            throw NetiError(Errno(rawValue: errno), "can't receive")
        }
        let encodedSender = Array(sender.prefix(lengths.sender))
        return Received(
            bytes: Array(bytes.prefix(count)), from: SocketAddress(encodedSender),
            hopLimit: Self.hopLimit(in: control.prefix(lengths.control)), encodedSender: encodedSender)
    }

    /// The first number in control messages (cmsg(3)): length 8 bytes, level 4, type 4, then the number.
    private static func hopLimit(in control: ArraySlice<UInt8>) -> UInt8? {
        let value = control.startIndex + 16
        return control.count >= 20 ? control[value] : nil
    }
}
