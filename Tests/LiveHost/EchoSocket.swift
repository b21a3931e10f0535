// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux
import Packet

/// Sends echo requests and hears the replies: a raw ICMP or ICMPv6 socket (raw(7), RFC 792, RFC 4443).
public final class EchoSocket: Sendable {
    /// The socket itself.
    public let socket: Socket
    private let family: NetworkFamily
    private let identifier: UInt16

    /// What came back.
    public struct Reply: Sendable {
        /// The number of the request.
        public var sequence: UInt16
        /// What the other end returned.
        public var payload: [UInt8]
    }

    /// Opens it; `identifier` tells its replies from those to others.
    public init(on host: Host, _ family: NetworkFamily, identifier: UInt16) throws(NetiError) {
        self.family = family
        self.identifier = identifier
        let source = SocketAddress(host.address(family), port: 0)
        socket = try Socket(
            on: host, domain: family == .inet ? AF_INET : AF_INET6, type: Int32(SOCK_RAW.rawValue),
            protocol: Int32(family == .inet ? IPProtocol.icmp.rawValue : IPProtocol.icmpV6.rawValue)
        ) { descriptor throws(NetiError) in
            try Socket.bind(descriptor, source.encoded)
        }
    }

    /// Sends one request.
    public func request(_ payload: [UInt8], sequence: UInt16, to host: Host) throws(NetiError) {
        var message: [UInt8] = [family == .inet ? 8 : 128, 0, 0, 0]
        message += [UInt8(identifier >> 8), UInt8(identifier & 0xFF), UInt8(sequence >> 8), UInt8(sequence & 0xFF)]
        message += payload
        if family == .inet {
            // In ICMPv6 the kernel computes it (RFC 3542, section 3.1).
            let checksum = unsafe InternetChecksum.of(message.span.bytes)
            (message[2], message[3]) = (UInt8(checksum >> 8), UInt8(checksum & 0xFF))
        }
        try socket.send(message, to: SocketAddress(host.address(family), port: 0))
    }

    /// Takes the next reply to one of our requests; nil when none came in time.
    public func reply(within time: Duration = .seconds(3)) throws(NetiError) -> Reply? {
        let deadline = Deadline(time)
        while let received = try socket.receive(within: .milliseconds(Int64(deadline.milliseconds))) {
            let bytes = received.bytes
            // IPv4 raw sockets hand over the IP header too.
            let start = family == .inet ? Int(bytes.first.map { $0 & 0xF } ?? 0) * 4 : 0
            guard bytes.count >= start + 8, bytes[start] == (family == .inet ? 0 : 129) else { continue }
            guard UInt16(bytes[start + 4]) << 8 | UInt16(bytes[start + 5]) == identifier else { continue }
            return Reply(
                sequence: UInt16(bytes[start + 6]) << 8 | UInt16(bytes[start + 7]),
                payload: Array(bytes[(start + 8)...]))
        }
        return nil
    }
}
