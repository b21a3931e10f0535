// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Hooks
import Neti
import Synchronization
import Testing

/// Modules and instances that come and go at the same time: each create has exactly one destroy, in order, and never two
/// callbacks of one pair run at once (R112, R113, R117, R120).
@Suite(.timeLimit(.minutes(5)))
struct LifecycleRaceTests {
    /// Counts what a module was called for, and notices what must not happen.
    private final class Witness: Sendable {
        struct Life {
            var steps = ""
            var isInside = false
        }

        let lives = Mutex<[Life]>([])
        let faults = Mutex<[String]>([])

        func module(_ name: String) -> InstanceModule {
            InstanceModule(
                name: name,
                create: { _ in
                    let number = self.lives.withLock { lives in
                        lives.append(Life())
                        return lives.count - 1
                    }
                    self.step("c", number)
                    return number
                }, shutdown: { self.step("s", $1) }, destroy: { self.step("d", $1) })
        }

        private func step(_ letter: String, _ number: Int) {
            lives.withLock { lives in
                if lives[number].isInside { faults.withLock { $0.append("two callbacks at once") } }
                lives[number].isInside = true
                lives[number].steps += letter
            }
            sched_yield()
            lives.withLock { $0[number].isInside = false }
        }
    }

    private let netinfo = Netinfo(readers: 1)
    private let settings = Instance.Settings(provider: FakeProvider())
    private let witness = Witness()

    @Test("Registering while an instance comes: created exactly once, 1,000 times (R120)")
    func registerAgainstCreation() throws {
        for round in 1...1000 {
            let made = Mutex<Instance?>(nil)
            DispatchQueue.concurrentPerform(iterations: 2) { thread in
                if thread == 0 {
                    try? netinfo.register(witness.module("m"))
                } else {
                    let instance = try? netinfo.addInstance(named: "blue", settings: settings)
                    made.withLock { $0 = instance }
                }
            }
            let instance = try #require(made.withLock { $0 })
            #expect(witness.lives.withLock { $0.map(\.steps) } == Array(repeating: "csd", count: round - 1) + ["c"])
            try netinfo.removeInstance(instance)
            try netinfo.unregister(named: "m")
        }
        #expect(witness.faults.withLock { $0 } == [])
    }

    @Test("Unregistering while an instance dies: shut down and destroyed exactly once, 1,000 times (R112)")
    func unregisterAgainstDeath() throws {
        for round in 1...1000 {
            let instance = try netinfo.addInstance(named: "blue", settings: settings)
            try netinfo.register(witness.module("m"))
            let failures = Atomic(0)
            DispatchQueue.concurrentPerform(iterations: 2) { thread in
                do {
                    if thread == 0 {
                        try netinfo.unregister(named: "m")
                    } else {
                        try netinfo.removeInstance(instance)
                    }
                } catch {
                    failures.wrappingAdd(1, ordering: .relaxed)
                }
            }
            #expect(failures.load(ordering: .relaxed) == 0)
            #expect(witness.lives.withLock { $0.map(\.steps) } == Array(repeating: "csd", count: round))
            #expect(netinfo.instances.isEmpty)
        }
        #expect(witness.faults.withLock { $0 } == [])
    }

    @Test("Modules and instances in a crowd: every life is create, shutdown, destroy (R112, R129)")
    func crowd() throws {
        let resident = try netinfo.addInstance(named: "resident", settings: settings)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for _ in 0..<250 {
                if thread < 2 {
                    try? netinfo.register(witness.module("m\(thread)"))
                    try? netinfo.unregister(named: "m\(thread)")
                } else if let instance = try? netinfo.addInstance(named: "i\(thread)", settings: settings) {
                    try? netinfo.removeInstance(instance)
                }
            }
        }
        try netinfo.removeInstance(resident)
        #expect(netinfo.instances.isEmpty)
        let lives = witness.lives.withLock { $0.map(\.steps) }
        #expect(lives.count >= 500)
        #expect(lives.allSatisfy { $0 == "csd" })
        #expect(witness.faults.withLock { $0 } == [])
    }
}
