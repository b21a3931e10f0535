// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti

/// One packet, or what begins with it, that a filter on the right host passes or blocks.
struct FilterProbe: Sendable {
    /// What is sent.
    enum Transport: Sendable {
        case udp, tcp, echo
    }

    let transport: Transport
    let event: NetworkEvent
    let port: UInt16
    let passes: Bool

    static func passes(_ transport: Transport, _ port: UInt16 = 7000, _ event: NetworkEvent = .physicalIn) -> Self {
        Self(transport: transport, event: event, port: port, passes: true)
    }

    static func blocks(_ transport: Transport, _ port: UInt16 = 7000, _ event: NetworkEvent = .physicalIn) -> Self {
        Self(transport: transport, event: event, port: port, passes: false)
    }

    /// Sends it; whether it did as expected.
    ///
    /// One that is to pass has to arrive. One that is to be blocked has to be counted as dropped by the daemon, and
    /// must not have arrived then.
    func holds(between hosts: HostPair, _ family: NetworkFamily, filteredBy daemon: DaemonProcess) throws -> Bool {
        let (from, to) = event == .physicalIn ? (hosts.left, hosts.right) : (hosts.right, hosts.left)
        let dropped = passes ? 0 : try daemon.dropped()
        func outcome(_ arrives: (Duration) throws -> Bool) throws -> Bool {
            if passes { return try arrives(.seconds(5)) }
            let isDropped = try Deadline(.seconds(5)).sees { () throws in try daemon.dropped() > dropped }
            return try isDropped && !arrives(.milliseconds(20))
        }
        switch transport {
        case .udp:
            let receiver = try UDPSocket(on: to, family, port: port)
            try UDPSocket(on: from, family).send([1, 2, 3, 4, 5], to: receiver)
            return try outcome { try receiver.receive(within: $0) != nil }
        case .tcp:
            let listener = try TCPListener(on: to, family, port: port)
            let connection = try TCPConnection(from: from, to: listener.address)
            return try outcome { connection.isConnected(within: $0) }
        case .echo:
            let socket = try EchoSocket(on: from, family, identifier: port)
            try socket.request([1, 2, 3], sequence: 1, to: to)
            return try outcome { try socket.reply(within: $0)?.payload == [1, 2, 3] }
        }
    }
}
