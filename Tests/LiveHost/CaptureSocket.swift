// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import NetiLinux

/// Sees and sends frames on a host's cable, beneath netfilter: packet(7) with the link-layer header left off.
public final class CaptureSocket: Sendable {
    /// The socket itself.
    public let socket: Socket
    private let interface: UInt32

    /// One frame that was seen.
    public struct Frame: Sendable {
        /// The packet from its IP header on.
        public var bytes: [UInt8]
        /// `PACKET_OUTGOING` (4) for what the host sent itself.
        public var type: UInt8
        /// The link-layer address that it came from.
        public var linkLayerSource: [UInt8]
        /// Whether the host sent it itself.
        public var isOutgoing: Bool { type == 4 }
    }

    /// Starts to watch; all protocols.
    public init(on host: Host, interface name: String = Host.interface) throws(NetiError) {
        let interface = try host.run { () throws(NetiError) in unsafe if_nametoindex(name) }
        self.interface = interface
        socket = try Socket(
            on: host, domain: AF_PACKET, type: Int32(SOCK_DGRAM.rawValue), protocol: Int32(UInt16(0x0003).bigEndian)
        ) { descriptor throws(NetiError) in
            try Socket.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
            try Socket.bind(descriptor, Self.address(interface: interface, protocol: 0x0003, to: []))
        }
    }

    /// Takes the next frame; nil when none came in time.
    public func frame(within time: Duration = .seconds(3)) throws(NetiError) -> Frame? {
        guard let received = try socket.receive(within: time) else { return nil }
        // `sockaddr_ll`: type, length of the address, address.
        let sender = received.encodedSender
        guard sender.count > 11 else { return Frame(bytes: received.bytes, type: 0, linkLayerSource: []) }
        return Frame(
            bytes: received.bytes, type: sender[10], linkLayerSource: Array(sender[12...].prefix(Int(sender[11]))))
    }

    /// Takes frames until one is as wanted; nil when none came in time.
    public func frame(
        within time: Duration = .seconds(3), where isWanted: (Frame) -> Bool
    ) throws(NetiError) -> Frame? {
        let deadline = Deadline(time)
        while let frame = try frame(within: .milliseconds(Int64(deadline.milliseconds))) {
            if isWanted(frame) { return frame }
        }
        return nil
    }

    /// Puts a packet on the cable, to a link-layer address of six bytes.
    public func send(_ packet: [UInt8], to linkLayer: [UInt8]) throws(NetiError) {
        let type: UInt16 = (packet.first ?? 0) >> 4 == 6 ? 0x86DD : 0x0800
        try socket.send(packet, toEncoded: Self.address(interface: interface, protocol: type, to: linkLayer))
    }

    /// `sockaddr_ll`.
    private static func address(interface: UInt32, protocol type: UInt16, to linkLayer: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(AF_PACKET), 0, UInt8(type >> 8), UInt8(type & 0xFF)]
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: interface >> (UInt32($0) * 8)) }
        bytes += [0, 0, 0, UInt8(linkLayer.count)] + linkLayer
        return bytes + [UInt8](repeating: 0, count: 20 - bytes.count)
    }
}
