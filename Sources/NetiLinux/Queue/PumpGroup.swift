// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization

/// The pumps, and which of them turns which queue.
///
/// A queue stays on the pump that it was given to, so that a flow's packets stay in order. New queues go to the pump
/// with the fewest.
final class PumpGroup: Sendable {
    private let pumps: [Pump]
    private let placement: Mutex<Placement>

    private struct Placement {
        var load: [Int]
        var pump: [ObjectIdentifier: Int] = [:]
    }

    init(count: Int, nap: UInt64, publication: Publication) throws(NetiError) {
        var pumps: [Pump] = []
        do throws(NetiError) {
            for number in 0..<count {
                pumps.append(try Pump(number: number, nap: nap, publication: publication))
            }
        } catch {
            for pump in pumps { pump.stop() }
            throw error
        }
        self.pumps = pumps
        placement = Mutex(Placement(load: Array(repeating: 0, count: count)))
    }

    func add(_ queue: PacketQueue) {
        let chosen = placement.withLock { placement in
            let chosen = placement.load.indices.min { placement.load[$0] < placement.load[$1] } ?? 0
            placement.load[chosen] += 1
            placement.pump[ObjectIdentifier(queue)] = chosen
            return chosen
        }
        pumps[chosen].add(queue)
    }

    /// Takes a queue from its pump; when this returns, the queue may be closed.
    func remove(_ queue: PacketQueue) {
        let chosen = placement.withLock { placement in
            let chosen = placement.pump.removeValue(forKey: ObjectIdentifier(queue))
            if let chosen { placement.load[chosen] -= 1 }
            return chosen
        }
        if let chosen { pumps[chosen].remove(queue) }
    }

    func stop() {
        for pump in pumps { pump.stop() }
    }
}
