// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization

/// Numbered datagrams between two hosts, both ways and in both families, from a thread of its own until stopped.
final class Traffic: Sendable {
    /// One way across the right host: what comes to it passes `PHYSICAL_IN` there, what it sends `PHYSICAL_OUT`.
    struct Flow: Hashable, CustomStringConvertible {
        let family: NetworkFamily
        let event: NetworkEvent

        static let all = NetworkFamily.ip.flatMap { family in
            NetworkEvent.physical.map { Flow(family: family, event: $0) }
        }

        var description: String { "\(family) \(event)" }
    }

    /// When the next datagram of a flow is sent.
    enum Pace {
        /// A millisecond after the one before, at the earliest, whatever became of that.
        case steady
        /// As soon as fewer than so many are on their way: one that is lost is missed for ever.
        case window(Int)
        /// So many a second at even intervals, later ones as soon as they can be made up for; never more than 32 are on
        /// their way.
        case rate(Int)
    }

    /// What became of a flow: datagrams are numbered from 1.
    struct Tally: Sendable {
        /// The number of the last one.
        var sent = 0
        /// How many of them the sender's kernel refused at once.
        var refused = 0
        /// Those that arrived, in that order.
        var arrived: [Int] = []

        /// The most neighbours that are missing between two that arrived.
        var longestGap: Int {
            let sorted = arrived.sorted()
            return zip(sorted, sorted.dropFirst()).map { $1 - $0 - 1 }.max() ?? 0
        }

        /// How many later ones than `number` arrived.
        func arrivals(after number: Int) -> Int { arrived.count { $0 > number } }
    }

    private final class Shared: Sendable {
        let tallies = Mutex<[Flow: Tally]>([:])
        let isStopping = Atomic(false)
    }

    private struct Ends: Sendable {
        let flow: Flow
        let sender: UDPSocket
        let receiver: UDPSocket
    }

    private let shared = Shared()
    private let worker: Mutex<Worker<Void>?>

    /// Starts to send.
    init(between hosts: HostPair, pace: Pace, port: UInt16 = 7000) throws(NetiError) {
        var ends: [Ends] = []
        for flow in Flow.all {
            let (from, to) = flow.event == .physicalIn ? (hosts.left, hosts.right) : (hosts.right, hosts.left)
            ends.append(
                Ends(
                    flow: flow, sender: try UDPSocket(on: from, flow.family),
                    receiver: try UDPSocket(on: to, flow.family, port: port)))
        }
        worker = Mutex(try Worker { [shared, ends] () throws(NetiError) in try Self.carry(ends, pace, shared) })
    }

    /// Stops sending, waits for what is on its way, a second at most, and returns what became of everything.
    @discardableResult
    func stop() throws(NetiError) -> [Flow: Tally] {
        shared.isStopping.store(true, ordering: .relaxed)
        let worker = worker.withLock { $0.take() }
        try worker?.join()
        return tallies
    }

    /// What became of the flows so far.
    var tallies: [Flow: Tally] { shared.tallies.withLock { $0 } }

    /// Datagrams of all flows that have arrived so far.
    var arrived: Int { shared.tallies.withLock { $0.values.reduce(0) { $0 + $1.arrived.count } } }

    /// Waits until so many more datagrams have arrived of every flow, 20 seconds at most; whether they did.
    func brings(_ count: Int) -> Bool {
        let marks = tallies.mapValues(\.sent)
        return Deadline(.seconds(20)).sees {
            let tallies = tallies
            return Flow.all.allSatisfy { (tallies[$0]?.arrivals(after: marks[$0] ?? 0) ?? 0) >= count }
        }
    }

    /// Waits until so many more datagrams have been sent of every flow, 20 seconds at most; whether they were.
    func sends(_ count: Int) -> Bool {
        let marks = tallies.mapValues(\.sent)
        return Deadline(.seconds(20)).sees {
            let tallies = tallies
            return Flow.all.allSatisfy { (tallies[$0]?.sent ?? 0) >= (marks[$0] ?? 0) + count }
        }
    }

    private static func carry(_ ends: [Ends], _ pace: Pace, _ shared: Shared) throws(NetiError) {
        let start = ContinuousClock.now
        var deadline: Deadline?
        while true {
            if shared.isStopping.load(ordering: .relaxed), deadline == nil { deadline = Deadline(.seconds(1)) }
            let isStopping = deadline != nil
            let elapsed = start.duration(to: .now)
            // Changed in place: a copy of all numbers for each turn would soon be all that it does.
            let isComplete = try shared.tallies.withLock { tallies throws(NetiError) in
                for end in ends {
                    try turn(end, &tallies[end.flow, default: Tally()], elapsed, isStopping ? nil : pace)
                }
                return tallies.values.allSatisfy { $0.arrived.count + $0.refused >= $0.sent }
            }
            if let deadline, isComplete || deadline.isOver { return }
            pace.rest()
        }
    }

    /// Takes what has come of one flow, and sends the next datagram when it is time; none without a pace.
    private static func turn(_ end: Ends, _ tally: inout Tally, _ elapsed: Duration, _ pace: Pace?) throws(NetiError) {
        while let received = try end.receiver.socket.receiveNow() {
            tally.arrived.append(received.bytes.reduce(0) { $0 << 8 | Int($1) })
        }
        guard let pace, pace.allowsNext(tally, elapsed) else { return }
        tally.sent += 1
        let number = tally.sent
        do throws(NetiError) {
            try end.sender.send(
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - $0 * 8)) }, to: end.receiver)
        } catch {
            tally.refused += 1
        }
    }
}

extension Traffic.Pace {
    fileprivate func allowsNext(_ tally: Traffic.Tally, _ elapsed: Duration) -> Bool {
        switch self {
        case .steady: true
        case .window(let size): tally.sent - tally.arrived.count < size
        case .rate(let rate):
            .seconds(1) * tally.sent / rate <= elapsed && tally.sent - tally.arrived.count < 32
        }
    }

    fileprivate func rest() {
        switch self {
        case .steady: usleep(1000)
        case .window: usleep(50)
        case .rate: usleep(250)
        }
    }
}
