// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// Unregistering while packets flow, and from inside hooks (R51, R60, R61, R85, R106 to R108).
@Suite(.timeLimit(.minutes(5)))
struct QuiescenceTests {
    let publication = Publication(readers: 4)

    /// A hook that can be held inside, on a thread of its own.
    private final class Held: Sendable {
        let isInside = Gate()
        let release = Gate()
        let hasLeft = Gate()

        func stay() {
            isInside.open()
            release.wait()
            hasLeft.open()
        }
    }

    private func runOnce(_ event: HookEvent<Trace>) -> TestThread {
        TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            _ = event.trace(reader)
        }
    }

    @Test("Unregister returns when the hook has, and what the hook captured is gone by then (R51)")
    func waitsForHook() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let held = Held()
        let census = Census()
        do {
            let member = census.makeMember()
            try event.register(
                Hook(name: "held") { _ in
                    member.touch(); held.stay(); return .pass
                })
        }
        let runner = runOnce(event)
        held.isInside.wait()
        let hasReturned = Gate()
        let isInOrder = Gate()
        let unregistering = TestThread {
            try? event.unregister(named: "held")
            if held.hasLeft.isOpen && census.count == 0 { isInOrder.open() }
            hasReturned.open()
        }
        waitUntil { event.counters.removed == 1 }
        #expect(staysFalse { hasReturned.isOpen })
        #expect(census.count == 1)
        #expect(!event.isInterested)
        held.release.open()
        unregistering.join()
        runner.join()
        #expect(hasReturned.isOpen)
        #expect(isInOrder.isOpen)
    }

    @Test("Registering does not wait for a hook that is held: nothing it needs is going")
    func registeringDoesNotWait() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let held = Held()
        try event.register(
            Hook(name: "held") { _ in
                held.stay(); return .pass
            })
        let runner = runOnce(event)
        held.isInside.wait()
        try event.register(.tracing("late"))
        #expect(event.snapshot().map(\.name) == ["held", "late"])
        held.release.open()
        runner.join()
    }

    @Test("A thread that entered after the hook was taken off is not waited for")
    func laterThreadsAreNotAwaited() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let old = Held()
        let new = Held()
        try event.register(
            Hook(name: "old", hint: .first) { _ in
                old.stay(); return .drop
            })
        try event.register(
            Hook(name: "new") { _ in
                new.stay(); return .pass
            })
        let first = runOnce(event)
        old.isInside.wait()
        let hasReturned = Gate()
        let unregistering = TestThread {
            try? event.unregister(named: "old")
            hasReturned.open()
        }
        waitUntil { event.counters.removed == 1 }
        let second = runOnce(event)
        new.isInside.wait()
        old.release.open()
        hasReturned.wait()
        #expect(!new.hasLeft.isOpen)
        new.release.open()
        [first, second, unregistering].forEach { $0.join() }
    }

    @Test("The event is told that nobody wants it before the wait")
    func interestBeforeWait() throws {
        let held = Held()
        let told = Gate()
        let event = HookEvent<Trace>.sample(publication: publication) { wanted in
            if !wanted { told.open() }
        }
        try event.register(
            Hook(name: "held") { _ in
                held.stay(); return .pass
            })
        let runner = runOnce(event)
        held.isInside.wait()
        let unregistering = TestThread {
            try? event.unregister(named: "held")
        }
        waitUntil { told.isOpen }
        #expect(!held.hasLeft.isOpen)
        held.release.open()
        unregistering.join()
        runner.join()
    }

    @Test("Two threads are inside one hook at the same time (R85)")
    func concurrentHook() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let inside = Tally()
        try event.register(
            Hook(name: "meeting") { _ in
                inside.add()
                waitUntil { inside.count == 2 }
                return .pass
            })
        let threads = [runOnce(event), runOnce(event)]
        threads.forEach { $0.join() }
        #expect(event.hits(of: "meeting") == 2)
    }

    @Test("A hook that registers another on its own event goes on; the newcomer runs from the next walk")
    func registersFromInside() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let reader = try publication.makeReader()
        try event.register(
            Hook(name: "a") { trace in
                trace.names.append("a")
                try? event.register(.tracing("b"))
                return .pass
            })
        reader.enter()
        var trace = Trace()
        _ = event.run(&trace, reader: reader)
        #expect(trace.names == ["a"])
        _ = event.run(&trace, reader: reader)
        #expect(trace.names == ["a", "a", "b"])
        reader.leave()
        #expect(event.snapshot().map(\.hits) == [2, 1])
        try event.unregister(named: "a")
    }

    @Test("A hook that registers goes on even while another thread waits for that very hook")
    func registersWhileAwaited() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let held = Held()
        try event.register(
            Hook(name: "held") { _ in
                held.stay()
                try? event.register(.tracing("late"))
                return .pass
            })
        let runner = runOnce(event)
        held.isInside.wait()
        let unregistering = TestThread {
            try? event.unregister(named: "held")
        }
        waitUntil { event.counters.removed == 1 }
        held.release.open()
        unregistering.join()
        runner.join()
        #expect(event.snapshot().map(\.name) == ["late"])
    }

    @Test("A hook that unregisters gets EDEADLK and changes nothing (R108)", arguments: ["a", "b", "zz"])
    func unregistersFromInside(name: String) throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let reader = try publication.makeReader()
        let errno = Mutex<Errno?>(nil)
        try event.register(
            Hook(name: "a") { _ in
                do throws(HookError) {
                    try event.unregister(named: name)
                } catch {
                    errno.withLock { $0 = error.errno }
                }
                return .pass
            })
        try event.register(.tracing("b"))
        _ = event.trace(reader)
        #expect(errno.withLock { $0 } == .deadlock)
        #expect(event.snapshot().map(\.name) == ["a", "b"])
        #expect(event.counters.removed == 0)
        try event.unregister(named: "a")
    }

    @Test("A hook cannot unregister from another event either: its thread is inside all of them")
    func unregistersElsewhereFromInside() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let other = HookEvent<Trace>.sample(name: "PHYSICAL_OUT", publication: publication)
        let reader = try publication.makeReader()
        try other.register(.tracing("x"))
        reader.enter()
        let error = #expect(throws: HookError.self) { try other.unregister(named: "x") }
        #expect(error?.errno == .deadlock)
        reader.leave()
        try other.unregister(named: "x")
        #expect(event.snapshot().isEmpty)
    }

    @Test("What a hook captured may unregister when it goes, or is told that it cannot", arguments: [false, true])
    func capturedDeinitCallsBack(onSameEvent: Bool) throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let other = HookEvent<Trace>.sample(name: "PHYSICAL_OUT", publication: publication)
        let errno = Mutex<Errno?>(nil)
        final class Owner: Sendable {
            let whenGone: @Sendable () -> Void

            init(_ whenGone: @escaping @Sendable () -> Void) {
                self.whenGone = whenGone
            }

            deinit {
                whenGone()
            }

            func touch() {}
        }
        let target = onSameEvent ? event : other
        try target.register(.tracing("other"))
        do {
            let owner = Owner {
                do throws(HookError) {
                    try target.unregister(named: "other")
                } catch {
                    errno.withLock { $0 = error.errno }
                }
            }
            try event.register(
                Hook(name: "owner") { _ in
                    owner.touch(); return .pass
                })
        }
        try event.unregister(named: "owner")
        #expect(errno.withLock { $0 } == (onSameEvent ? .deadlock : nil))
        #expect(target.snapshot().map(\.name) == (onSameEvent ? ["other"] : []))
    }

    /// What a hook uses and its owner takes back, with no synchronisation but that of unregistering. The thread
    /// sanitizer sees whether a read in the hook can meet the write after unregistering; freeing it would not notice.
    private final class Used: @unchecked Sendable {
        var isGone = false
    }

    @Test("20,000 hooks come and go while two threads run the event; none runs after its unregistering returned")
    func churn() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let census = Census()
        let isOver = Gate()
        let late = Tally()
        let runs = Tally()
        try event.register(Hook(name: "resident") { _ in .pass })
        let readers = (0..<2).map { _ in
            TestThread { [publication] in
                guard let reader = try? publication.makeReader() else { return }
                var trace = Trace()
                while !isOver.isOpen {
                    reader.enter()
                    for _ in 0..<8 { _ = event.run(&trace, reader: reader) }
                    reader.leave()
                    sched_yield()
                }
            }
        }
        for _ in 0..<20_000 {
            let used = Used()
            do {
                let member = census.makeMember()
                try event.register(
                    Hook(name: "passing", hint: .before("resident")) { _ in
                        member.touch()
                        runs.add()
                        if used.isGone { late.add() }
                        return .pass
                    })
            }
            try event.unregister(named: "passing")
            used.isGone = true
            #expect(census.count == 0)
        }
        isOver.open()
        readers.forEach { $0.join() }
        #expect(late.count == 0)
        #expect(runs.count > 0)
        #expect(event.counters.added == 20_001)
        #expect(event.counters.removed == 20_000)
        #expect(event.counters.events == event.hits(of: "resident"))
    }

    @Test("Threads that register and unregister at once, beside one that runs: each gets its own closure released")
    func churnFromSeveralThreads() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        let isOver = Gate()
        let failures = Tally()
        let runner = TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            while !isOver.isOpen {
                _ = event.trace(reader)
                sched_yield()
            }
        }
        let registrars = (0..<3).map { number in
            TestThread {
                let census = Census()
                for _ in 0..<500 {
                    do {
                        let member = census.makeMember()
                        try event.register(
                            Hook(name: "hook \(number)") { _ in
                                member.touch(); return .pass
                            })
                    } catch {
                        failures.add()
                    }
                    do {
                        try event.unregister(named: "hook \(number)")
                    } catch {
                        failures.add()
                    }
                    if census.count != 0 { failures.add() }
                }
            }
        }
        registrars.forEach { $0.join() }
        isOver.open()
        runner.join()
        #expect(failures.count == 0)
        #expect(event.counters.added == 1500)
        #expect(event.counters.removed == 1500)
        #expect(!event.isInterested)
    }
}
