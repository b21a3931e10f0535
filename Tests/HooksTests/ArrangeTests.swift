// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// Many hooks that come, go, change and move at once (R45, R46, R51, R63, R134, R186).
@Suite(.timeLimit(.minutes(2)))
struct ArrangeTests {
    private let publication = Publication(readers: 4)

    private func makeEvent(
        _ ordering: Ordering = .documented, limit: Int = 100,
        interest: @escaping HookEvent<Trace>.Interest = { _ in }
    ) -> HookEvent<Trace> {
        HookEvent<Trace>.sample(ordering: ordering, publication: publication, limit: limit, interest: interest)
    }

    private func run(_ event: HookEvent<Trace>) throws -> [String] {
        event.trace(try publication.makeReader())
    }

    @Test("What stays keeps its counters, what changes begins anew, what leaves is gone, all in the order given (R186)")
    func arranges() throws {
        let event = makeEvent()
        for name in ["a", "b", "c"] { try event.register(.tracing(name)) }
        _ = try run(event)
        var passages: [HookPassage] = []
        try event.arrange(
            [
                .registered("c", hint: .none), .new(.tracing("b")), .new(.tracing("d")),
            ], removing: ["a"]
        ) { passages.append($0) }
        #expect(try run(event) == ["c", "b", "d"])
        #expect(event.snapshot().map(\.hits) == [2, 1, 1])
        #expect(event.snapshot().map(\.position) == [1, 2, 3])
        #expect(passages == [.came("d"), .left("a"), .left("b"), .came("b")])
        #expect(event.counters == EventCounters(added: 5, removed: 2, events: 2))
    }

    @Test("Nothing is different when all stays as it is, whoever else is there")
    func nothing() throws {
        let event = makeEvent()
        for name in ["other", "a", "b", "later"] { try event.register(.tracing(name)) }
        let before = event.snapshot()
        try event.arrange([.registered("a", hint: .none), .registered("b", hint: .none)])
        #expect(event.snapshot() == before)
        try event.arrange([.registered("b", hint: .none), .registered("a", hint: .none)])
        #expect(try run(event) == ["other", "b", "a", "later"])
    }

    @Test("A hint alone moves a hook and keeps its counters")
    func hint() throws {
        let event = makeEvent()
        for name in ["a", "b"] { try event.register(.tracing(name)) }
        _ = try run(event)
        try event.arrange([.registered("a", hint: .none), .registered("b", hint: .first)])
        #expect(try run(event) == ["b", "a"])
        #expect(event.snapshot().map(\.hits) == [2, 2])
        #expect(event.snapshot().map(\.hint) == [.first, .none])
    }

    @Test(
        "A refusal changes nothing and tells nobody (R46)",
        arguments: [
            ([HookPlace<Trace>.new(.tracing("n", hint: .after("absent")))], Errno.noSuchProcess),
            ([.registered("absent", hint: .none)], .noSuchAddressOrDevice),
            ([.new(.tracing("n")), .new(.tracing("n"))], .fileExists),
            ([.new(.tracing("n", hint: .first)), .new(.tracing("m", hint: .first))], .resourceBusy),
            ([.new(.tracing("n")), .new(.tracing("m")), .new(.tracing("o"))], .noMemory),
            ([.new(.tracing("n", hint: Hint(code: 9)))], .invalidArgument),
        ])
    func refusals(places: [HookPlace<Trace>], errno: Errno) throws {
        let event = makeEvent(limit: 3)
        try event.register(.tracing("a"))
        let before = event.snapshot()
        #expect {
            try event.arrange(places, removing: ["b"]) { _ in Issue.record("told") }
        } throws: {
            ($0 as? HookError)?.errno == errno
        }
        #expect(event.snapshot() == before)
        #expect(event.counters == EventCounters(added: 1, removed: 0, events: 0))
    }

    @Test("Rules change with the hooks: another ordering, another limit")
    func rules() throws {
        let event = makeEvent(limit: 1)
        try event.register(.tracing("a"))
        try event.arrange(
            [.registered("a", hint: .none), .new(.tracing("b", hint: .before("x")))],
            rules: ChainRules(ordering: .illumos, limit: 2))
        #expect(event.ordering == .illumos)
        #expect(event.limit == 2)
        #expect(try run(event) == ["a", "b"])
    }

    @Test("Interest follows, and where it is refused everything is as before (R45, R50)")
    func interest() throws {
        let isRefused = Atomic(true)
        let event = makeEvent { wanted throws(HookError) in
            if wanted, isRefused.load(ordering: .relaxed) { throw HookError(.noMemory, "refused") }
        }
        #expect(throws: HookError.self) { try event.arrange([.new(.tracing("a"))]) }
        #expect(event.snapshot().isEmpty)
        #expect(!event.isInterested)
        isRefused.store(false, ordering: .relaxed)
        try event.arrange([.new(.tracing("a"))])
        #expect(event.isInterested)
        try event.arrange([], removing: ["a"])
        #expect(!event.isInterested)
    }

    @Test("Refused from inside a hook, where it would wait for itself")
    func insideHook() throws {
        let event = makeEvent()
        let errno = Mutex<Errno?>(nil)
        try event.register(
            Hook(name: "a") { [event] _ in
                do throws(HookError) {
                    try event.arrange([], removing: ["a"])
                } catch {
                    errno.withLock { $0 = error.errno }
                }
                return .pass
            })
        _ = try run(event)
        #expect(errno.withLock { $0 } == .deadlock)
        try event.unregister(named: "a")
    }

    @Test("Who takes off a registration that another hook of that name has replaced is told ENXIO; that one stays")
    func takesOffNoSuccessor() throws {
        let event = makeEvent()
        try event.register(.tracing("a"))
        try event.register(.tracing("b"))
        let first = try #require(event.snapshot().first)
        try event.arrange([.new(.tracing("a"))])
        func takeOff(_ hook: HookDescription) -> Errno? {
            errno { () throws(HookError) in
                try event.unregister(named: hook.name, registration: hook.registration, record: {})
            }
        }
        #expect(takeOff(first) == .noSuchAddressOrDevice)
        #expect(try run(event) == ["a", "b"])
        #expect(event.counters.removed == 1)
        let second = try #require(event.snapshot().first { $0.name == "a" })
        #expect(takeOff(second) == nil)
        #expect(try run(event) == ["b"])
    }

    @Test("It returns when the hook that was replaced has, which is gone by then; until then its name isn't free (R51)")
    func waitsForReplaced() throws {
        let event = makeEvent()
        let (isInside, release) = (Gate(), Gate())
        let census = Census()
        do {
            let member = census.makeMember()
            try event.register(
                Hook(name: "a") { _ in
                    member.touch(); isInside.open(); release.wait(); return .pass
                })
        }
        let runner = TestThread { [publication] in
            if let reader = try? publication.makeReader() { _ = event.trace(reader) }
        }
        isInside.wait()
        let (hasReturned, isRemoved) = (Gate(), Gate())
        let arranging = TestThread {
            try? event.arrange([.new(.tracing("a"))])
            if census.count == 0 { hasReturned.open() }
        }
        waitUntil { event.counters.removed == 1 }
        #expect(try run(event) == ["a"])
        let removing = TestThread {
            try? event.unregister(named: "a")
            isRemoved.open()
        }
        #expect(staysFalse { hasReturned.isOpen || isRemoved.isOpen })
        release.open()
        for thread in [runner, arranging, removing] { thread.join() }
        #expect(hasReturned.isOpen)
        #expect(isRemoved.isOpen)
        #expect(event.snapshot().isEmpty)
    }

    @Test("While hooks are replaced and moved, every run meets each place exactly once")
    func noRunWithout() throws {
        let event = makeEvent()
        try event.arrange([.new(.tracing("first")), .new(.tracing("guard")), .new(.tracing("last"))])
        let isStopping = Atomic(false)
        let runs = Atomic(0)
        let wrong = Atomic(0)
        let runners = (0..<2).map { _ in
            TestThread { [publication] in
                guard let reader = try? publication.makeReader() else { return }
                while !isStopping.load(ordering: .relaxed) {
                    let names = event.trace(reader)
                    runs.add(1, ordering: .relaxed)
                    if names.count != 3 || !names.contains("guard") { wrong.add(1, ordering: .relaxed) }
                }
            }
        }
        waitUntil { runs.load(ordering: .relaxed) > 0 }
        var hits: UInt64 = 0
        for round in 0..<2000 {
            let ends = round.isMultiple(of: 2) ? ["last", "first"] : ["first", "last"]
            try event.arrange([
                .registered(ends[0], hint: .none), .new(.tracing("guard")), .registered(ends[1], hint: .none),
            ])
            let now = event.hits(of: "first") ?? 0
            #expect(now >= hits)
            hits = now
        }
        isStopping.store(true, ordering: .relaxed)
        for runner in runners { runner.join() }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(event.hits(of: "first") == UInt64(runs.load(ordering: .relaxed)))
    }
}
