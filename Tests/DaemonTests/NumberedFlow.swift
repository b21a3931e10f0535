// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti

/// Numbered datagrams from one host to another, sent at even intervals whatever becomes of them.
struct NumberedFlow {
    /// One datagram that arrived.
    struct Arrival {
        /// Which one, from 0.
        var number: Int
        /// Since the flow began.
        var time: Duration
        /// How long it was on its way.
        var delay: Duration
        /// Whether it is byte for byte what was sent.
        var isIntact: Bool
    }

    let sender: UDPSocket
    let receiver: UDPSocket
    /// Bytes of payload, at least 4.
    let size: Int
    private var start: ContinuousClock.Instant?
    /// When each was sent, since the flow began.
    private(set) var departures: [Duration] = []
    private(set) var arrivals: [Arrival] = []

    init(
        from: Host, to: Host, _ family: NetworkFamily = .inet, port: UInt16 = 7000, size: Int = 100
    ) throws(NetiError) {
        sender = try UDPSocket(on: from, family)
        receiver = try UDPSocket(on: to, family, port: port)
        self.size = size
    }

    /// The flow from the left host, of packets that pass `PHYSICAL_IN` on the right one, or from the right host, of
    /// packets that pass `PHYSICAL_OUT` there.
    init(
        _ hosts: HostPair, _ event: NetworkEvent, _ family: NetworkFamily = .inet, size: Int = 100
    ) throws(NetiError) {
        let (from, to) = event == .physicalIn ? (hosts.left, hosts.right) : (hosts.right, hosts.left)
        try self.init(from: from, to: to, family, size: size)
    }

    /// Numbers of those that arrived, in the order in which they did.
    var numbers: [Int] { arrivals.map(\.number) }

    /// Sends what is due and takes what has come; whether all has been sent.
    private mutating func turn(count: Int, every interval: Duration) throws(NetiError) -> Bool {
        let start = self.start ?? .now
        self.start = start
        let now = start.duration(to: .now)
        while departures.count < count, interval * departures.count <= now {
            try sender.send(payload(of: departures.count), to: receiver)
            departures.append(now)
        }
        while let received = try receiver.socket.receiveNow() {
            let number = received.bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard number < departures.count else { continue }
            // Only now: it may have come while others were sent.
            let time = start.duration(to: .now)
            arrivals.append(
                Arrival(
                    number: number, time: time, delay: time - departures[number],
                    isIntact: received.bytes == payload(of: number)))
        }
        return departures.count == count
    }

    private func payload(of number: Int) -> [UInt8] {
        let head = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - $0 * 8)) }
        return head + (4..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }

    /// Sends on all flows, and returns when everything is sent and `isDone` says so or the time is over.
    ///
    /// - Parameter patience: how long to wait behind the last one.
    static func run(
        _ flows: inout [NumberedFlow], count: Int, every interval: Duration, patience: Duration = .seconds(5),
        until isDone: ([NumberedFlow]) throws -> Bool
    ) throws {
        var deadline: Deadline?
        while true {
            var isSent = true
            for index in flows.indices where try !flows[index].turn(count: count, every: interval) {
                isSent = false
            }
            if isSent {
                deadline = deadline ?? Deadline(patience)
                if try isDone(flows) || deadline?.isOver == true { return }
            }
            usleep(100)
        }
    }

    /// The same for one flow that ends when so many have arrived.
    mutating func run(count: Int, every interval: Duration, arriving: Int) throws {
        var flows = [self]
        try Self.run(&flows, count: count, every: interval) { $0[0].arrivals.count >= arriving }
        self = flows[0]
    }
}
