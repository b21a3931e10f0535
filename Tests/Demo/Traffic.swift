// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiLinux

/// What was sent one way and what came out at the other end.
struct Exchange: Sendable {
    /// What it was, for a person.
    var what: String
    var family: NetworkFamily
    var sent: Int
    var arrived: Int
    /// Whether the rules let it pass.
    var isAllowed: Bool

    /// Whether as much arrived as the rules say.
    var isRight: Bool { arrived == (isAllowed ? sent : 0) }
}

/// Sends a little of everything between two hosts; the left one is filtered.
struct Traffic {
    private let pair: HostPair

    /// Long enough for a packet on this machine, short enough for those that never come.
    private static let patience = Duration.milliseconds(250)

    init(between pair: HostPair) {
        self.pair = pair
    }

    /// Sends everything in both families.
    func send() throws(NetiError) -> [Exchange] {
        var all: [Exchange] = []
        for family in NetworkFamily.ip {
            all.append(try ping(family))
            all.append(try datagrams("in, UDP to port 53", family, to: pair.left, port: 53, isAllowed: true))
            all.append(try datagrams("out, UDP to port 138", family, to: pair.right, port: 138, isAllowed: false))
            all.append(try connections("in, TCP to port 80", family, port: 80, isAllowed: true))
            all.append(try connections("in, TCP to port 23", family, port: 23, isAllowed: false))
        }
        return all
    }

    private func ping(_ family: NetworkFamily) throws(NetiError) -> Exchange {
        let socket = try EchoSocket(on: pair.right, family, identifier: 4711)
        var exchange = Exchange(what: "in, ping", family: family, sent: 0, arrived: 0, isAllowed: true)
        for sequence in 0..<20 {
            try socket.request(Array("neti".utf8), sequence: UInt16(sequence), to: pair.left)
            exchange.sent += 1
            if try socket.reply(within: Self.patience) != nil { exchange.arrived += 1 }
        }
        return exchange
    }

    private func datagrams(
        _ what: String, _ family: NetworkFamily, to host: Host, port: UInt16, isAllowed: Bool
    ) throws(NetiError) -> Exchange {
        let receiver = try UDPSocket(on: host, family, port: port)
        let sender = try UDPSocket(on: host === pair.left ? pair.right : pair.left, family)
        var exchange = Exchange(what: what, family: family, sent: 0, arrived: 0, isAllowed: isAllowed)
        for number in 0..<20 {
            // A packet that the filter drops on its way out makes sending fail; that counts as sent.
            try? sender.send(Array("datagram \(number)".utf8), to: receiver)
            exchange.sent += 1
        }
        while try receiver.receive(within: Self.patience) != nil {
            exchange.arrived += 1
            if exchange.arrived == exchange.sent { break }
        }
        return exchange
    }

    private func connections(
        _ what: String, _ family: NetworkFamily, port: UInt16, isAllowed: Bool
    ) throws(NetiError) -> Exchange {
        let listener = try TCPListener(on: pair.left, family, port: port)
        var exchange = Exchange(what: what, family: family, sent: 0, arrived: 0, isAllowed: isAllowed)
        for _ in 0..<3 {
            let connection = try TCPConnection(from: pair.right, to: listener.address)
            exchange.sent += 1
            if connection.isConnected(within: Self.patience) { exchange.arrived += 1 }
        }
        return exchange
    }
}
