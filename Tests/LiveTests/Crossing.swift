// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Packet
import Testing

/// What carries a payload.
enum Transport: String, CaseIterable, Sendable {
    case udp, tcp, icmp
}

/// One way across the filtered host: a transport, a family, and the event that is passed.
struct Crossing: Sendable, CustomTestStringConvertible {
    let transport: Transport
    let family: NetworkFamily
    let event: NetworkEvent

    /// Where the receiver is bound.
    static let port: UInt16 = 7000
    /// Of echo requests.
    static let identifier: UInt16 = 0x4E45

    /// All twelve.
    static let all: [Crossing] = Transport.allCases.flatMap(every)

    static func every(_ transport: Transport) -> [Crossing] {
        NetworkFamily.ip.flatMap { family in
            NetworkEvent.physical.map { Crossing(transport: transport, family: family, event: $0) }
        }
    }

    var testDescription: String { "\(transport) \(family) \(event)" }

    /// Where the payload is in a packet of this flow that has one; nil for any other packet.
    func payload(of packet: inout PacketEvent) -> Range<Int>? {
        guard let datagram = packet.datagram else { return nil }
        let start = Int(datagram.transportOffset)
        let end = Int(datagram.capturedLength)
        switch transport {
        case .udp:
            guard let udp = datagram.udp(in: packet.bytes), udp.destinationPort == Self.port else { return nil }
            return start + UDP.headerLength..<end
        case .tcp:
            guard let tcp = datagram.tcp(in: packet.bytes), tcp.destinationPort == Self.port,
                let header = tcp.headerLength, start + header < end
            else { return nil }
            return start + header..<end
        case .icmp:
            guard let icmp = datagram.icmp(in: packet.bytes), icmp.identifier == Self.identifier else { return nil }
            let types: [UInt8] = event == .physicalIn ? [8, 128] : [0, 129]
            return types.contains(icmp.type) ? start + ICMP.headerLength..<end : nil
        }
    }
}

/// Somebody who sends payloads over a crossing, and somebody who receives them.
struct Conversation {
    private enum Ends {
        case udp(UDPSocket, UDPSocket)
        case tcp(TCPConnection, TCPConnection)
        case echo(EchoSocket, Host)
    }

    private let ends: Ends

    init(over crossing: Crossing, between hosts: HostPair) throws {
        let isInbound = crossing.event == .physicalIn
        let (sender, receiver) = isInbound ? (hosts.left, hosts.right) : (hosts.right, hosts.left)
        switch crossing.transport {
        case .udp:
            ends = .udp(
                try UDPSocket(on: sender, crossing.family),
                try UDPSocket(on: receiver, crossing.family, port: Crossing.port))
        case .tcp:
            let listener = try TCPListener(on: receiver, crossing.family, port: Crossing.port)
            let client = try TCPConnection(from: sender, to: listener.address)
            ends = .tcp(client, try #require(try listener.accept(), "no connection came about"))
        case .icmp:
            // An echo passes both ways: the request inbound, the reply outbound.
            ends = .echo(
                try EchoSocket(on: hosts.left, crossing.family, identifier: Crossing.identifier), hosts.right)
        }
    }

    /// Sends a payload.
    func send(_ payload: [UInt8]) throws {
        switch ends {
        case .udp(let sender, let receiver): try sender.send(payload, to: receiver)
        case .tcp(let sender, _): #expect(try sender.sendNow(payload[...]) == payload.count)
        case .echo(let sender, let receiver): try sender.request(payload, sequence: 1, to: receiver)
        }
    }

    /// Takes what arrives next, of a stream so many bytes; nil when nothing came in time.
    func receive(_ count: Int) throws -> [UInt8]? {
        switch ends {
        case .udp(_, let receiver): return try receiver.receive()?.bytes
        case .echo(let sender, _): return try sender.reply()?.payload
        case .tcp(_, let receiver):
            var all: [UInt8] = []
            let deadline = Deadline(.seconds(5))
            while all.count < count, receiver.socket.wait(for: 1, until: deadline) {
                guard let more = try receiver.receiveNow() else { break }
                all += more
            }
            return all
        }
    }

    /// Sends many bytes over a stream while receiving them.
    func carry(_ payload: [UInt8]) throws -> [UInt8] {
        guard case .tcp(let sender, let receiver) = ends else { return [] }
        return try sender.carry(payload, to: receiver)
    }
}
