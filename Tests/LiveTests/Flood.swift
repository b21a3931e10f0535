// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Synchronization

/// Sends datagrams to the right host as fast as it goes, from a thread of its own; nobody receives them.
final class Flood: Sendable {
    private final class Stop: Sendable {
        let isAsked = Atomic(false)
    }

    private let stop: Stop
    private let worker: Worker<Void>

    init(through rig: Rig) throws {
        let sender = try UDPSocket(on: rig.left, .inet)
        let target = SocketAddress(rig.right.inet, port: Crossing.port)
        let stop = Stop()
        self.stop = stop
        worker = try Worker { () throws(NetiError) in
            while !stop.isAsked.load(ordering: .relaxed) {
                // Refused by ICMP, or unreachable: neither ends a flood.
                try? sender.socket.send([1, 2, 3, 4], to: target)
            }
        }
    }

    /// Ends it. Called exactly once.
    func finish() throws {
        stop.isAsked.store(true, ordering: .relaxed)
        try worker.join()
    }
}
