// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Synchronization

/// Sends numbered datagrams through a rig from a thread of its own, never more on the way than a window holds.
///
/// A packet that doesn't arrive within two seconds counts as lost. Since the window never overruns a queue or a socket,
/// any loss is somebody's fault.
final class PacedSender: Sendable {
    struct Outcome: Sendable {
        var sent = 0
        var arrived = 0
        /// Datagrams that came after one with a higher number.
        var outOfOrder = 0
    }

    private let stopping: Stop
    private let worker: Worker<Outcome>

    private final class Stop: Sendable {
        let isAsked = Atomic(false)
        let arrived = Atomic(0)
    }

    /// Starts to send from the left host to the right one.
    init(through rig: Rig, _ family: NetworkFamily = .inet, window: Int = 32) throws {
        let sender = try UDPSocket(on: rig.left, family)
        let receiver = try UDPSocket(on: rig.right, family, port: Crossing.port)
        let stopping = Stop()
        self.stopping = stopping
        worker = try Worker { () throws(NetiError) in
            var outcome = Outcome()
            while !stopping.isAsked.load(ordering: .relaxed) {
                for number in outcome.sent..<outcome.sent + window {
                    try sender.send(Self.encode(number), to: receiver)
                }
                outcome.sent += window
                var highest = -1
                while outcome.arrived < outcome.sent, let received = try receiver.receive(within: .seconds(2)) {
                    let number = Self.decode(received.bytes)
                    if number < highest { outcome.outOfOrder += 1 }
                    highest = max(highest, number)
                    outcome.arrived += 1
                    stopping.arrived.store(outcome.arrived, ordering: .relaxed)
                }
                guard outcome.arrived == outcome.sent else { return outcome }
            }
            return outcome
        }
    }

    /// Datagrams that have arrived so far.
    var arrived: Int { stopping.arrived.load(ordering: .relaxed) }

    /// Waits until so many more have arrived; whether they did in time.
    func waitForMore(_ count: Int, within time: Duration = .seconds(5)) -> Bool {
        let goal = arrived + count
        return Deadline(time).sees { arrived >= goal }
    }

    /// Ends the sending; what is on the way is waited for. Called exactly once.
    func finish() throws -> Outcome {
        stopping.isAsked.store(true, ordering: .relaxed)
        return try worker.join()
    }

    private static func encode(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private static func decode(_ bytes: [UInt8]) -> Int {
        bytes.enumerated().reduce(0) { $0 | Int($1.element) << ($1.offset * 8) }
    }
}
