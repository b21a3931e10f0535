// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import SystemPackage
import Testing

extension RealPackets {
    /// Hooks are registered and unregistered while packets flow (R51, R106, R107).
    @Suite struct HooksComeAndGo {
        /// What one registration uses: its owner's again as soon as its unregistering has returned.
        ///
        /// Plain variables on purpose: were a hook still running, a thread sanitizer would see both touch them.
        private final class Use: @unchecked Sendable {
            var isOver = false
            var runs = 0
        }

        /// Rounds to run; `NETI_CHURN_ROUNDS` makes them fewer, for runs under a sanitizer.
        private static let rounds: Int = {
            let asked = unsafe getenv("NETI_CHURN_ROUNDS").flatMap { unsafe Int(String(cString: $0)) }
            return min(100_000, asked ?? 100_000)
        }()

        @Test("A hundred thousand registrations lose no packet, and no hook runs after its unregistering (R51, R107)")
        func churn() throws {
            try Rig.with { rig in
                let permanent = Count()
                let late = Count()
                try rig.register("permanent", on: .physicalIn, of: .inet) { _ in
                    permanent.raise()
                    return .pass
                }
                let sender = try PacedSender(through: rig)
                var (runs, kept) = (0, 0)
                for round in 0..<Self.rounds {
                    let name = "h\(round % 7)"
                    var use = try register(name, at: rig, hint: round % 2 == 0 ? .none : .first, late)
                    try rig.unregister(name, from: .physicalIn, of: .inet)
                    use.isOver = true
                    runs += use.runs
                    if !isKnownUniquelyReferenced(&use) { kept += 1 }
                }
                let outcome = try sender.finish()
                #expect(outcome.arrived == outcome.sent)
                #expect(outcome.outOfOrder == 0)
                #expect(permanent.current >= outcome.sent)
                #expect(late.current == 0)
                #expect(kept == 0, "functions that outlived their unregistering")
                // Without packets inside the passing hooks the test would prove nothing.
                #expect(runs > Self.rounds / 100)
                let counters = rig.instance.protocolHandle(.inet).event(.physicalIn).counters
                #expect(counters.added == UInt64(Self.rounds) + 1 && counters.removed == UInt64(Self.rounds))
                #expect(rig.totals.overruns == 0)
            }
        }

        /// Registers a hook that uses what is returned.
        ///
        /// The packets are those of one queue, so that one thread at a time runs it.
        private func register(_ name: String, at rig: Rig, hint: Hint, _ late: Count) throws -> Use {
            try register(name, on: .physicalIn, of: .inet, at: rig, hint: hint, late)
        }

        private func register(
            _ name: String, on event: NetworkEvent, of family: NetworkFamily, at rig: Rig, hint: Hint = .none,
            _ late: Count
        ) throws -> Use {
            let use = Use()
            try rig.register(name, on: event, of: family, hint: hint) { _ in
                use.runs += 1
                if use.isOver { late.raise() }
                return .pass
            }
            return use
        }

        @Test("Steering that goes and comes with the only hook loses no packet (R45, R50)")
        func toggling() throws {
            try Rig.with { rig in
                let sender = try PacedSender(through: rig)
                let late = Count()
                var runs = 0
                for round in 0..<min(Self.rounds, 300) {
                    let use = try register("only", at: rig, hint: .none, late)
                    // Some rounds long enough for packets to be queued, some not.
                    if round % 3 == 0 { #expect(sender.waitForMore(10)) }
                    try rig.unregister("only", from: .physicalIn, of: .inet)
                    use.isOver = true
                    runs += use.runs
                }
                let outcome = try sender.finish()
                #expect(outcome.arrived == outcome.sent)
                #expect(late.current == 0)
                #expect(runs > 0)
            }
        }

        @Test("Observers and taps that come and go lose no packet, and run no more afterwards (R51, R104)")
        func observersAndTaps() throws {
            try Rig.with { rig in
                let sender = try PacedSender(through: rig)
                let late = Count()
                var runs = 0
                for round in 0..<min(Self.rounds, 100) {
                    // One for each event: two pumps may turn the queue and the taps at the same time.
                    let places = [
                        (NetworkFamily.inet, NetworkEvent.observing), (.arp, .physicalIn), (.arp, .physicalOut),
                    ]
                    let uses = try places.map { family, event in
                        try register("passing", on: event, of: family, at: rig, late)
                    }
                    if round % 3 == 0 {
                        _ = try? rig.right.ip("neighbour", "delete", "\(rig.left.inet)", "dev", Host.interface)
                        let asking = try UDPSocket(on: rig.right, .inet)
                        try asking.socket.send([0], to: SocketAddress(rig.left.inet, port: 9))
                        #expect(sender.waitForMore(10))
                    }
                    for (family, event) in places { try rig.unregister("passing", from: event, of: family) }
                    for use in uses {
                        use.isOver = true
                        runs += use.runs
                    }
                }
                let outcome = try sender.finish()
                #expect(outcome.arrived == outcome.sent)
                #expect(late.current == 0)
                #expect(runs > 0)
            }
        }

        @Test("Unregistering waits for the packet that is inside the hook (R51, R107)")
        func unregisterWaits() throws {
            try Rig.with { rig in
                let barrier = Barrier()
                let inside = Count()
                try rig.register("slow", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port) else { return .pass }
                    barrier.pass()
                    inside.raise()
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(Deadline(.seconds(3)).sees { barrier.arrivals == 1 })
                let instance = rig.instance
                let leaving = try Worker { () throws(NetiError) -> Int in
                    try instance.protocolHandle(.inet).unregister("slow", from: .physicalIn)
                    return inside.current
                }
                // It is off the list already, yet the call doesn't return while somebody is inside.
                #expect(Deadline(.seconds(3)).sees { rig.hits(on: .physicalIn, of: .inet).isEmpty })
                #expect(!leaving.isDone)
                barrier.open()
                #expect(try leaving.join() == 1)
                #expect(try receiver.receive()?.bytes == [1])
            }
        }

        @Test("From inside a hook, registering works and unregistering is refused instead of hanging (R108)")
        func fromInside() throws {
            try Rig.with { rig in
                let refusals = Log<String>()
                let instance = rig.instance
                try rig.register("busy", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port) else { return .pass }
                    do throws(NetiError) {
                        try instance.protocolHandle(.inet).unregister("busy", from: .physicalIn)
                        refusals.note("none")
                    } catch {
                        refusals.note(error.errno == .deadlock ? "EDEADLK" : "\(error)")
                    }
                    try? instance.protocolHandle(.inet).register(Hook(name: "child") { _ in .pass }, on: .physicalIn)
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number: UInt8 in 1...2 {
                    try sender.send([number], to: receiver)
                    #expect(try receiver.receive()?.bytes == [number])
                }
                #expect(refusals.entries == ["EDEADLK", "EDEADLK"])
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["busy": 2, "child": 1])
                // A hook that holds its instance and is never unregistered would keep both alive for ever.
                try rig.unregister("busy", from: .physicalIn, of: .inet)
            }
        }
    }
}
