// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import SystemPackage
import Testing
import Witnesses

/// Hooks that fail or take too long: what is counted, and what their policies do.
struct TroubleTests {
    let publication = Publication(readers: 2)

    /// An event with the hook `weak`, which throws for negative numbers and sleeps for large ones, and `tail` behind it,
    /// which adds one.
    private func event(_ policy: HookPolicy) throws -> HookEvent<Int> {
        let event = HookEvent<Int>(
            family: "inet", name: "PHYSICAL_IN", ordering: .documented, publication: publication, limit: 9
        ) { _ in }
        try event.register(
            Hook(name: "weak", policy: policy) { number throws(Errno) in
                if number < 0 { throw number == -1 ? .noMemory : .ioError }
                if number >= 1000 { usleep(UInt32(number)) }
                return .pass
            })
        try event.register(
            Hook(name: "tail") {
                $0 += 1
                return .pass
            })
        return event
    }

    /// Runs the event for each number; what became of the numbers, nil for those that were dropped.
    private func run(_ event: HookEvent<Int>, _ numbers: Int...) throws -> [Int?] {
        let reader = try publication.makeReader()
        reader.enter()
        defer { reader.leave() }
        return numbers.map { number in
            var number = number
            return event.run(&number, reader: reader) == .pass ? number : nil
        }
    }

    private func weak(_ event: HookEvent<Int>) throws -> HookDescription {
        try #require(event.snapshot().first { $0.name == "weak" })
    }

    @Test("A hook that throws is passed over for this run, and its last error is kept")
    func skip() throws {
        let event = try event(HookPolicy(onFailure: .skip))
        #expect(try run(event, -1, 5, -2) == [0, 6, -1])
        let hook = try weak(event)
        #expect((hook.hits, hook.drops, hook.trouble.failures) == (3, 0, 2))
        #expect(hook.trouble.lastFailure == .ioError)
        #expect(!hook.trouble.isToBeRemoved)
        #expect(event.snapshot().last?.hits == 3)
    }

    @Test("Where its policy says so a hook that throws ends the walk, and is the one that decided")
    func drop() throws {
        let event = try event(HookPolicy(onFailure: .drop))
        let reader = try publication.makeReader()
        reader.enter()
        var number = -1
        let decision = event.decide(&number, reader: reader)
        reader.leave()
        let hook = try weak(event)
        #expect(decision == HookDecision(result: .drop, registration: hook.registration))
        #expect((hook.hits, hook.drops, hook.trouble.failures) == (1, 1, 1))
        #expect(try run(event, 5) == [6])
    }

    @Test("A hook that is to go for its failures is marked, and one that comes in its place is not")
    func remove() throws {
        let event = try event(HookPolicy(onFailure: .remove))
        #expect(try !weak(event).trouble.isToBeRemoved)
        #expect(try run(event, -1, 5) == [0, 6])
        #expect(try weak(event).trouble.isToBeRemoved)
        try event.unregister(named: "weak")
        #expect(try run(event, -1) == [0])
        try event.register(Hook(name: "weak") { _ in .pass })
        #expect(try weak(event).trouble == HookTrouble())
    }

    @Test("A run over the budget is counted with its time; the packet isn't affected")
    func report() throws {
        let event = try event(HookPolicy(timeBudget: 2_000_000))
        #expect(try run(event, 5, 10_000, 4_000, 6) == [6, 10_001, 4_001, 7])
        let trouble = try weak(event).trouble
        #expect((trouble.overBudget, trouble.skipped) == (2, 0))
        #expect((10_000_000...1_000_000_000).contains(trouble.longest))
        #expect(!trouble.isSkipped)
    }

    @Test("Over its budget a hook is passed over for a second, whichever chain is published meanwhile")
    func pause() throws {
        let event = try event(HookPolicy(timeBudget: 2_000_000, onOverBudget: .skip))
        #expect(try run(event, 5_000, -1, -1) == [5_001, 0, 0])
        #expect(try weak(event).trouble.isSkipped)
        try event.register(Hook(name: "more") { _ in .pass })
        #expect(try run(event, -1) == [0])
        var hook = try weak(event)
        #expect((hook.hits, hook.trouble.skipped, hook.trouble.failures) == (1, 3, 0))
        // A second later it meets what comes.
        let deadline = ContinuousClock.now + .seconds(10)
        while try weak(event).trouble.isSkipped, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try run(event, -1) == [0])
        hook = try weak(event)
        #expect((hook.hits, hook.trouble.failures) == (2, 1))
    }

    @Test("Over its budget a hook that is to go for that is passed over for good")
    func overAndOut() throws {
        let event = try event(HookPolicy(timeBudget: 2_000_000, onOverBudget: .remove))
        #expect(try run(event, 5_000, -1) == [5_001, 0])
        let trouble = try weak(event).trouble
        #expect(trouble.isToBeRemoved && trouble.isSkipped && trouble.skipped == 1)
    }

    @Test("Arranging the chain anew keeps a hook's policy and what is known of it")
    func arranged() throws {
        let event = try event(HookPolicy(onFailure: .drop))
        #expect(try run(event, -1) == [nil])
        try event.arrange([.registered("tail", hint: .none), .registered("weak", hint: .none)])
        #expect(event.snapshot().map(\.name) == ["tail", "weak"])
        #expect(try run(event, -2) == [nil])
        let hook = try weak(event)
        #expect((hook.drops, hook.trouble.failures, hook.policy.onFailure) == (2, 2, .drop))
    }

    @Test("The hook that a thread is stuck in can be named, from outside and by reader")
    func inside() throws {
        let event = HookEvent<Int>(
            family: "inet", name: "PHYSICAL_IN", ordering: .documented, publication: publication, limit: 9
        ) { _ in }
        let (isInside, mayLeave) = (Gate(), Gate())
        try event.register(Hook(name: "first") { $0 < 0 ? .drop : .pass })
        try event.register(
            Hook(name: "stuck") { number in
                if number == 7 {
                    isInside.open()
                    mayLeave.wait()
                }
                return .pass
            })
        try event.register(Hook(name: "last") { _ in .pass })
        let free = try publication.makeReader()
        walk(event, [-1, 2, 3], free)
        // The second of the two places is what the thread finds free.
        let busy = 1 - free.index
        let thread = TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            walk(event, [-1, 2, 7, 8], reader)
        }
        isInside.wait()
        #expect(event.hookInside(reader: busy) == "stuck")
        #expect(event.hookInside(reader: free.index) == nil)
        // Another chain is published, and the thread is still in the old one.
        try event.register(Hook(name: "late") { _ in .pass })
        #expect(event.hookInside(reader: busy) == "stuck")
        mayLeave.open()
        thread.join()
        #expect(event.hookInside(reader: busy) == nil)
    }
}

private func walk(_ event: HookEvent<Int>, _ numbers: [Int], _ reader: borrowing Reader) {
    reader.enter()
    for number in numbers {
        var number = number
        _ = event.run(&number, reader: reader)
    }
    reader.leave()
}
