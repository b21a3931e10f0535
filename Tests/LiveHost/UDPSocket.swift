// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux
public import Packet

/// A UDP socket of a host, bound to its address of one family.
public final class UDPSocket: Sendable {
    /// The socket itself.
    public let socket: Socket
    /// What it is bound to.
    public let address: SocketAddress

    /// Opens it and binds it to the host's address of a family.
    public convenience init(on host: Host, _ family: NetworkFamily, port: UInt16 = 0) throws(NetiError) {
        try self.init(on: host, at: host.address(family), port: port)
    }

    /// Opens and binds it.
    ///
    /// - Parameters:
    ///   - address: one of the host's.
    ///   - port: 0 for any that is free.
    ///   - receiveBuffer: bytes, beyond the system's limit if need be.
    public init(
        on host: Host, at address: IPAddress, port: UInt16 = 0, receiveBuffer: Int32 = 4 << 20
    ) throws(NetiError) {
        let wish = SocketAddress(address, port: port)
        let isInet = address.version == .v4
        socket = try Socket(
            on: host, domain: isInet ? AF_INET : AF_INET6, type: Int32(SOCK_DGRAM.rawValue), protocol: 0
        ) { descriptor throws(NetiError) in
            try Socket.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer)
            try Socket.set(descriptor, SOL_SOCKET, SO_BROADCAST, 1)
            try isInet
                ? Socket.set(descriptor, Int32(IPPROTO_IP), IP_RECVTTL, 1)
                : Socket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1)
            try Socket.bind(descriptor, wish.encoded)
        }
        self.address = socket.localAddress ?? wish
    }

    /// Sends one datagram.
    public func send(_ bytes: [UInt8], to other: UDPSocket) throws(NetiError) {
        try socket.send(bytes, to: other.address)
    }

    /// Takes one datagram; nil when none came in time.
    public func receive(within time: Duration = .seconds(3)) throws(NetiError) -> Received? {
        try socket.receive(within: time)
    }
}
