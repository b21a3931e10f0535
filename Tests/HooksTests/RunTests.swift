// SPDX-License-Identifier: Apache-2.0

import Hooks
import Testing
import Witnesses

/// Running an event: order, short circuit and counters (R81 to R86, R184 to R186).
struct RunTests {
    let publication = Publication(readers: 4)

    @Test("The first result that is not 0 ends the walk and is returned (R81, R82, R84)", arguments: [1, 7, -1])
    func shortCircuit(code: Int32) throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        try event.register(.tracing("a"))
        try event.register(.tracing("b", returning: HookResult(rawValue: code)))
        try event.register(.tracing("c"))
        var trace = Trace()
        reader.enter()
        let result = event.run(&trace, reader: reader)
        reader.leave()
        #expect(result.rawValue == code)
        #expect(trace.names == ["a", "b"])
        #expect(event.snapshot().map(\.hits) == [1, 1, 0])
        #expect(event.counters == EventCounters(added: 3, removed: 0, events: 1))
    }

    @Test("A decision names the registration that ended the walk, and each hook's drops are counted (R82)")
    func decisions() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Int>(
            family: "inet", name: "PHYSICAL_IN", ordering: .documented, publication: publication, limit: 9
        ) { _ in }
        try event.register(Hook(name: "gone") { _ in .pass })
        try event.unregister(named: "gone")
        try event.register(Hook(name: "low") { $0 < 0 ? .drop : .pass })
        try event.register(Hook(name: "odd") { $0 & 1 == 1 ? HookResult(rawValue: 9) : .pass })
        func decide(_ numbers: [Int]) -> [HookDecision] {
            reader.enter()
            defer { reader.leave() }
            return numbers.map { number in
                var number = number
                return event.decide(&number, reader: reader)
            }
        }
        let numbers = Dictionary(uniqueKeysWithValues: event.snapshot().map { ($0.name, $0.registration) })
        let (low, odd) = (try #require(numbers["low"]), try #require(numbers["odd"]))
        #expect(Set([1, low, odd]).count == 3, "a number is used once")
        #expect(
            decide([-2, 3, 4, 5]) == [
                HookDecision(result: .drop, registration: low),
                HookDecision(result: HookResult(rawValue: 9), registration: odd), .pass,
                HookDecision(result: HookResult(rawValue: 9), registration: odd),
            ])
        // Another chain takes over; what the first one counted is not lost.
        try event.register(Hook(name: "late") { _ in .pass })
        #expect(decide([-1]) == [HookDecision(result: .drop, registration: low)])
        #expect(event.snapshot().map(\.drops) == [2, 2, 0])
        #expect(event.snapshot().map(\.hits) == [5, 3, 0])
    }

    @Test("An event without hooks passes everything and counts the run (R87)")
    func emptyEvent() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        var trace = Trace()
        reader.enter()
        #expect(event.run(&trace, reader: reader) == .pass)
        reader.leave()
        #expect(event.counters == EventCounters(added: 0, removed: 0, events: 1))
    }

    @Test("Hooks change what they get in place")
    func dataIsPassedOn() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        try event.register(
            Hook(name: "first") {
                $0.names = ["rewritten"]; return .pass
            })
        try event.register(.tracing("second"))
        #expect(event.trace(reader) == ["rewritten", "second"])
    }

    @Test("A hook may run the event again on its own thread (R86)")
    func nestedRun() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Int>(
            family: "inet", name: "LOOPBACK_OUT", ordering: .documented, publication: publication, limit: 1
        ) { _ in }
        try event.register(
            Hook(name: "again") { [publication] depth in
                depth += 1
                if depth < 3, let inner = try? publication.makeReader() {
                    inner.enter()
                    _ = event.run(&depth, reader: inner)
                    inner.leave()
                }
                return .pass
            })
        var depth = 0
        reader.enter()
        _ = event.run(&depth, reader: reader)
        reader.leave()
        #expect(depth == 3)
        #expect(event.snapshot().map(\.hits) == [3])
        try event.unregister(named: "again")
    }

    @Test("Hits outlive the registrations of others and start anew with one's own (R82, R184)")
    func hitsSurviveNewChains() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        try event.register(.tracing("a"))
        for number in 1...5 {
            _ = event.trace(reader)
            try event.register(.tracing("other \(number)"))
            #expect(event.hits(of: "a") == UInt64(number))
        }
        for number in 1...5 {
            try event.unregister(named: "other \(number)")
            #expect(event.hits(of: "a") == 5)
        }
        try event.unregister(named: "a")
        try event.register(.tracing("a"))
        #expect(event.hits(of: "a") == 0)
        #expect(event.counters == EventCounters(added: 7, removed: 6, events: 5))
    }

    @Test("While somebody is inside, hits are the sum over all chains, none lost and none counted twice")
    func hitsOfRetiredChains() throws {
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        try event.register(.tracing("a"))
        var trace = Trace()
        reader.enter()
        for number in 1...10 {
            _ = event.run(&trace, reader: reader)
            try event.register(.tracing("other \(number)"))
            #expect(event.hits(of: "a") == UInt64(number))
        }
        reader.leave()
        try event.register(.tracing("last"))
        #expect(event.hits(of: "a") == 10)
        #expect(event.counters.events == 10)
    }

    @Test("Threads that run one event at once lose no count (R83, R85)", .timeLimit(.minutes(1)))
    func parallelCounts() throws {
        let event = HookEvent<Int>(
            family: "inet", name: "PHYSICAL_IN", ordering: .documented, publication: publication, limit: 2
        ) { _ in }
        try event.register(
            Hook(name: "one") {
                $0 += 1; return .pass
            })
        try event.register(Hook(name: "odd") { $0 & 1 == 1 ? .drop : .pass })
        let threads = (0..<4).map { _ in
            TestThread { [publication] in
                guard let reader = try? publication.makeReader() else { return }
                var sum = 0
                for _ in 0..<1000 {
                    reader.enter()
                    for _ in 0..<10 { _ = event.run(&sum, reader: reader) }
                    reader.leave()
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(event.counters.events == 40_000)
        #expect(event.snapshot().map(\.hits) == [40_000, 40_000])
    }

    @Test("Everything a hook was registered with can be looked up (R15, R47, R185)")
    func descriptions() throws {
        let event = HookEvent<Trace>.sample(publication: publication)
        try event.register(Hook(name: "x", version: 42, flags: 0x8000_0001, hint: .last) { _ in .pass })
        #expect(
            event.snapshot() == [
                HookDescription(
                    name: "x", version: 42, flags: 0x8000_0001, hint: .last, position: 1, hits: 0, drops: 0,
                    registration: 1)
            ])
    }
}
