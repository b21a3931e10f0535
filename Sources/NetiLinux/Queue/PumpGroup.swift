// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization

/// The pumps, and which of them turns which queue or tap.
///
/// A queue stays on the pump that it was given to, so that a flow's packets stay in order.
final class PumpGroup: Sendable {
    private let pumps: [Pump]
    private let placement: Mutex<PumpPlacement>

    init(count: Int, nap: Int64, captures: CaptureSwitch, publication: Publication) throws(NetiError) {
        var pumps: [Pump] = []
        do throws(NetiError) {
            for number in 0..<count {
                pumps.append(try Pump(number: number, nap: nap, captures: captures, publication: publication))
            }
        } catch {
            for pump in pumps { pump.stop() }
            throw error
        }
        self.pumps = pumps
        placement = Mutex(PumpPlacement(pumps: count))
    }

    /// - Throws: what keeps the pump from turning it.
    func add(_ source: any PumpSource) throws(NetiError) {
        let chosen = placement.withLock { $0.place(ObjectIdentifier(source), load: source.load) }
        try pumps[chosen].add(source)
    }

    /// Looks anew at how much a queue brings, for those that come later.
    func weigh(_ source: any PumpSource) {
        placement.withLock { $0.weigh(ObjectIdentifier(source), load: source.load) }
    }

    /// Takes a queue from its pump, if it has one, without waiting; for callers that may run on a pump themselves.
    func abandon(_ source: any PumpSource) {
        if let pump = forget(source) { pump.abandon(source) }
    }

    /// Takes a queue from its pump; when this returns, the queue may be closed.
    func remove(_ source: any PumpSource) {
        if let pump = forget(source) { pump.remove(source) }
    }

    private func forget(_ source: any PumpSource) -> Pump? {
        placement.withLock { $0.remove(ObjectIdentifier(source)) }.map { pumps[$0] }
    }

    /// Names of the threads that have not turned since this was asked last; asks the others anew.
    func standingStill() -> [String] {
        pumps.indices.filter { !pumps[$0].hasTurned() }.map { "neti-pump-\($0)" }
    }

    func stop() {
        for pump in pumps { pump.stop() }
    }
}
