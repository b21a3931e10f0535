// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kstat
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// Reading: order, selection, times, and what updates may do (R179, R180).
struct KstatReadingTests {
    let registry = KstatRegistry(limit: 100)

    @discardableResult
    private func install(
        _ module: String, _ instance: Int32, _ name: String, class: String = "hook", netids: Set<Int32> = [0],
        flags: KstatFlags = .virtual, fieldCount: Int = 2, fields: (@Sendable () -> [NamedValue])? = nil
    ) throws -> Kstat {
        let kstat = try registry.create(
            module: module, instance: instance, name: name, class: `class`, count: fieldCount, flags: flags,
            netids: netids)
        try registry.install(
            kstat, fields: fields ?? { [NamedValue("hits", .uint64(5)), NamedValue("hint", .string("none"))] })
        return kstat
    }

    private func labels(_ selection: KstatSelection = .all, visibleIn netid: Int32? = nil) -> [String] {
        registry.snapshot(selection, visibleIn: netid).map { "\($0.module):\($0.instance):\($0.name)" }
    }

    @Test("Sorted by module, instance as a number, and name")
    func order() throws {
        try install("inet6", 0, "a")
        try install("inet", 10, "a")
        try install("inet", 9, "b")
        try install("inet", 9, "a")
        try install("inet", -1, "z")
        #expect(labels() == ["inet:-1:z", "inet:9:a", "inet:9:b", "inet:10:a", "inet6:0:a"])
    }

    @Test("Each IP instance sees its own")
    func visibility() throws {
        try install("m", 0, "zero", netids: [0])
        try install("m", 0, "one", netids: [1])
        try install("m", 0, "both", netids: [0, 1])
        #expect(labels(visibleIn: 0) == ["m:0:both", "m:0:zero"])
        #expect(labels(visibleIn: 1) == ["m:0:both", "m:0:one"])
        #expect(labels(visibleIn: 2) == [])
        #expect(labels().count == 3)
    }

    struct Choice: Sendable {
        let operand: String
        let expected: [String]
    }

    static let choices = [
        Choice(operand: "", expected: ["inet:0:PHYSICAL_IN", "inet:12:PHYSICAL_OUT", "inet/PHYSICAL_IN:0:fw"]),
        Choice(operand: "inet", expected: ["inet:0:PHYSICAL_IN", "inet:12:PHYSICAL_OUT"]),
        Choice(operand: "inet*", expected: ["inet:0:PHYSICAL_IN", "inet:12:PHYSICAL_OUT", "inet/PHYSICAL_IN:0:fw"]),
        Choice(operand: "INET", expected: []),
        Choice(operand: "::PHYSICAL_*", expected: ["inet:0:PHYSICAL_IN", "inet:12:PHYSICAL_OUT"]),
        Choice(operand: "::f?", expected: ["inet/PHYSICAL_IN:0:fw"]),
        Choice(operand: ":12", expected: ["inet:12:PHYSICAL_OUT"]),
        Choice(operand: ":1?:", expected: ["inet:12:PHYSICAL_OUT"]),
        Choice(operand: ":1", expected: []),
        Choice(operand: "inet:0:PHYSICAL_IN:hits", expected: ["inet:0:PHYSICAL_IN"]),
        Choice(operand: ":::nothing", expected: []),
        Choice(
            operand: ":::snaptime", expected: ["inet:0:PHYSICAL_IN", "inet:12:PHYSICAL_OUT", "inet/PHYSICAL_IN:0:fw"]),
    ]

    @Test("Patterns choose as kstat(1M) does", arguments: choices)
    func selection(_ choice: Choice) throws {
        try install("inet", 0, "PHYSICAL_IN", class: "hook_event")
        try install("inet", 12, "PHYSICAL_OUT", class: "hook_event")
        try install("inet/PHYSICAL_IN", 0, "fw")
        #expect(labels(try KstatSelection(operand: choice.operand)) == choice.expected, "\(choice.operand)")
    }

    @Test("Fields are chosen by the fourth part, kstats also by class")
    func statisticsAndClass() throws {
        try install("m", 0, "a", class: "hook")
        try install("m", 0, "b", class: "net")
        #expect(registry.snapshot(try KstatSelection(operand: ":::hi*"))[0].fields.map(\.name) == ["hits", "hint"])
        #expect(registry.snapshot(try KstatSelection(operand: ":::hits"))[0].fields.map(\.name) == ["hits"])
        #expect(registry.snapshot(try KstatSelection(operand: ":::crtime"))[0].fields.isEmpty)
        #expect(labels(KstatSelection(class: "n*")) == ["m:0:b"])
    }

    @Test("An operand has four parts at most")
    func operandWithTooManyParts() {
        let error = #expect(throws: KstatError.self) { try KstatSelection(operand: "a:b:c:d:e") }
        #expect(error?.errno == .invalidArgument)
    }

    @Test("Values are asked for at each reading, and say when")
    func liveValues() throws {
        let calls = Atomic<Int>(0)
        let kstat = try install("m", 0, "a") {
            let call = calls.wrappingAdd(1, ordering: .relaxed).newValue
            return [NamedValue("calls", .int64(Int64(call)))]
        }
        let first = registry.snapshot()[0]
        let second = registry.snapshot()[0]
        #expect(first.fields == [NamedValue("calls", .int64(1))])
        #expect(second.fields == [NamedValue("calls", .int64(2))])
        #expect(kstat.creationTime <= first.snapshotTime)
        #expect(first.snapshotTime <= second.snapshotTime)
        #expect(first.creationTime == kstat.creationTime)
        #expect(kstat.creationTime.nanoseconds > 0)
    }

    @Test("What was not chosen is not asked")
    func unselectedIsNotRead() throws {
        let calls = Atomic<Int>(0)
        try install("m", 0, "a") {
            calls.wrappingAdd(1, ordering: .relaxed)
            return []
        }
        #expect(labels(KstatSelection(module: "other")) == [])
        #expect(labels(visibleIn: 9) == [])
        let count = calls.load(ordering: .relaxed)
        #expect(count == 0)
    }

    @Test("Only ndata fields are shown, unless the size varies", arguments: [false, true])
    func fieldCount(varies: Bool) throws {
        try install("m", 0, "a", flags: varies ? [.virtual, .variableSize] : .virtual, fieldCount: 1)
        #expect(registry.snapshot()[0].fields.count == (varies ? 2 : 1))
    }

    @Test("An update may read, create and delete others; its own kstat is EDEADLK", .timeLimit(.minutes(1)))
    func updateCallsBack() throws {
        let own = Mutex<Kstat?>(nil)
        let errno = Mutex<Errno?>(nil)
        let seen = Mutex<[String]>([])
        try install("m", 0, "other")
        let kstat = try install("m", 0, "own") { [registry] in
            seen.withLock { $0 = registry.snapshot().map(\.name) }
            do throws(KstatError) {
                if let own = own.withLock({ $0 }) { try registry.delete(own) }
            } catch {
                errno.withLock { $0 = error.errno }
            }
            return [NamedValue("x", .int32(1))]
        }
        own.withLock { $0 = kstat }
        #expect(labels() == ["m:0:other", "m:0:own"])
        #expect(seen.withLock { $0 } == ["other"])
        #expect(errno.withLock { $0 } == .deadlock)
        own.withLock { $0 = nil }
        try registry.delete(kstat)
    }

    @Test("Delete waits for an update that runs, and releases it (R179)", .timeLimit(.minutes(1)))
    func deleteWaits() throws {
        let isInside = Atomic<Bool>(false)
        let mayLeave = Atomic<Bool>(false)
        let hasLeft = Atomic<Bool>(false)
        let isReleased = Released()
        var kstat: Kstat?
        do {
            let owned = Owned(isReleased)
            kstat = try install("m", 0, "slow") {
                owned.touch()
                isInside.store(true, ordering: .sequentiallyConsistent)
                while !mayLeave.load(ordering: .sequentiallyConsistent) { sched_yield() }
                hasLeft.store(true, ordering: .sequentiallyConsistent)
                return []
            }
        }
        let reading = TestThread { [registry] in _ = registry.snapshot() }
        while !isInside.load(ordering: .sequentiallyConsistent) { sched_yield() }
        let isDeleted = Atomic<Bool>(false)
        let wasInOrder = Atomic<Bool>(false)
        let deleted = try #require(kstat)
        let deleting = TestThread { [registry] in
            try? registry.delete(deleted)
            let isInOrder = hasLeft.load(ordering: .sequentiallyConsistent) && isReleased.isSet
            wasInOrder.store(isInOrder, ordering: .sequentiallyConsistent)
            isDeleted.store(true, ordering: .sequentiallyConsistent)
        }
        for _ in 0..<2000 {
            sched_yield()
        }
        let early = isDeleted.load(ordering: .sequentiallyConsistent)
        #expect(!early)
        mayLeave.store(true, ordering: .sequentiallyConsistent)
        reading.join()
        deleting.join()
        let inOrder = wasInOrder.load(ordering: .sequentiallyConsistent)
        #expect(inOrder)
    }

    @Test("Many threads read, create and delete at once", .timeLimit(.minutes(1)))
    func threads() throws {
        let threads = (0..<4).map { number in
            TestThread { [registry] in
                for round in 0..<500 {
                    guard
                        let kstat = try? registry.create(
                            module: "t\(number)", name: "\(round)", class: "c", count: 1, flags: .virtual,
                            netids: [0])
                    else { continue }
                    try? registry.install(kstat) { [NamedValue("n", .int32(1))] }
                    _ = registry.snapshot(KstatSelection(module: "t?"))
                    try? registry.delete(kstat)
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(registry.snapshot().isEmpty)
        #expect(try registry.create(module: "m", class: "c", count: 0, netids: [0]).id == 4001)
    }
}
