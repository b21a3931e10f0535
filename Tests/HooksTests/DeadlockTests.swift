// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// What callbacks may do, and that what would never end is EDEADLK (R60 to R66, R111, R141).
@Suite(.timeLimit(.minutes(2)))
struct DeadlockTests {
    private let publication = Publication(readers: 4)
    private let heard = HeardLines()

    private func makeEvent(_ name: String) -> HookEvent<Trace> {
        HookEvent.sample(name: name, publication: publication)
    }

    @Test("From an event's callback: the same event is EDEADLK, other events work (R63, R64)")
    func insideEventCallback() throws {
        let event = makeEvent("PHYSICAL_IN"), other = makeEvent("PHYSICAL_OUT")
        let errors = Mutex<[Errno?]>([])
        let inner = NotifyCallback { _ in }
        let callback = NotifyCallback { notification in
            guard notification.name3 == "outer", notification.command == .register else { return }
            let seen = [
                errno { () throws(HookError) in try event.register(.tracing("inner")) },
                errno { () throws(HookError) in try event.unregister(named: "outer") },
                errno { () throws(HookError) in try event.register(inner) },
                errno { () throws(HookError) in try event.unregister(inner) },
                errno { () throws(HookError) in try other.register(.tracing("inner")) },
                errno { () throws(HookError) in try other.register(inner) },
                errno { () throws(HookError) in try other.unregister(named: "inner") },
                errno { () throws(HookError) in try other.unregister(inner) },
            ]
            errors.withLock { $0 = seen }
        }
        try event.register(callback)
        try event.register(.tracing("outer"))
        #expect(errors.withLock { $0 } == [.deadlock, .deadlock, .deadlock, .deadlock, nil, nil, nil, nil])
        #expect(event.snapshot().map(\.name) == ["outer"])
    }

    @Test("From an instance's callback families can be watched, from a family's its events; not the same object (R64)")
    func downwards() throws {
        let families = FamilyList(name: "5"), family = HookFamily(name: "inet")
        let event = makeEvent("PHYSICAL_IN")
        let ofEvent = heard.callback("E")
        let errors = Mutex<[Errno?]>([])
        let ofFamily = NotifyCallback { [heard] notification in
            heard.add("P \(notification)")
            guard notification.command == .register else { return }
            let seen = [
                errno { () throws(HookError) in try event.register(ofEvent) },
                errno { () throws(HookError) in try family.register(.tracing("a"), on: notification.name3) },
                errno { () throws(HookError) in try family.shutDownEvent(named: notification.name3) },
                errno { () throws(HookError) in try family.register(ofEvent) },
            ]
            errors.withLock { $0 += seen }
        }
        let ofInstance = NotifyCallback { [heard] notification in
            heard.add("C \(notification)")
            guard notification.command == .register else { return }
            let seen = [
                errno { () throws(HookError) in try family.register(ofFamily) },
                errno { () throws(HookError) in try families.add(HookFamily(name: "arp")) },
                errno { () throws(HookError) in try families.unregister(ofEvent) },
            ]
            errors.withLock { $0 += seen }
        }
        try families.register(ofInstance)
        try families.add(family)
        #expect(errors.withLock { $0 } == [nil, .deadlock, .deadlock])
        errors.withLock { $0 = [] }
        try family.add(event)
        #expect(errors.withLock { $0 } == [nil, nil, .deadlock, .deadlock])
        #expect(
            heard.take() == ["C REGISTER 5 - inet", "P REGISTER inet - PHYSICAL_IN", "E REGISTER inet PHYSICAL_IN a"])
    }

    @Test("Two callbacks that change each other's event: one is EDEADLK, the other gets its turn (R60, R65)")
    func crosswise() throws {
        let events = [makeEvent("PHYSICAL_IN"), makeEvent("PHYSICAL_OUT")]
        let inside = Tally()
        let errors = Mutex<[Errno?]>([])
        for (event, other) in [(events[0], events[1]), (events[1], events[0])] {
            try event.register(
                NotifyCallback { notification in
                    guard notification.name3 == "outer", notification.command == .register else { return }
                    inside.add()
                    waitUntil { inside.count == 2 }
                    let error = errno { () throws(HookError) in try other.register(.tracing("inner")) }
                    errors.withLock { $0.append(error) }
                })
        }
        let threads = events.map { event in TestThread { try? event.register(.tracing("outer")) } }
        threads.forEach { $0.join() }
        #expect(errors.withLock { $0 }.count { $0 == .deadlock } == 1)
        #expect(errors.withLock { $0 }.count { $0 == nil } == 1)
        #expect(events.map { $0.snapshot().count }.sorted() == [1, 2])
    }

    @Test("A hook that wants an event whose callback waits for that hook is EDEADLK; the one who waits goes on")
    func hookAgainstCallback() throws {
        let event = makeEvent("PHYSICAL_IN"), other = makeEvent("PHYSICAL_OUT")
        let isInside = Gate(), isUnregistering = Gate()
        let error = Mutex<Errno?>(nil), unregistered = Mutex<Errno?>(.canceled)
        try event.register(
            Hook(name: "held") { _ in
                isInside.open()
                isUnregistering.wait()
                let seen = errno { () throws(HookError) in try other.register(.tracing("late")) }
                error.withLock { $0 = seen }
                return .pass
            })
        // Inside other's turn, waits for the readers, one of whom is in the hook and will want that turn.
        try other.register(
            NotifyCallback { _ in
                isUnregistering.open()
                let seen = errno { () throws(HookError) in try event.unregister(named: "held") }
                unregistered.withLock { $0 = seen }
            })
        let runner = TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            _ = event.trace(reader)
        }
        isInside.wait()
        let registering = TestThread { try? other.register(.tracing("outer")) }
        registering.join()
        runner.join()
        #expect(error.withLock { $0 } == .deadlock)
        #expect(unregistered.withLock { $0 } == nil)
        #expect(other.snapshot().map(\.name) == ["outer"])
    }

    @Test("From inside a hook callbacks can be registered and are told there (R60)")
    func insideHook() throws {
        let event = makeEvent("PHYSICAL_IN")
        let reader = try publication.makeReader()
        let callback = heard.callback("1")
        let errors = Mutex<[Errno?]>([])
        try event.register(
            Hook(name: "a") { _ in
                let seen = [
                    errno { () throws(HookError) in try event.register(callback) },
                    errno { () throws(HookError) in try event.register(.tracing("b")) },
                    errno { () throws(HookError) in try event.unregister(callback) },
                ]
                errors.withLock { $0 = seen }
                return .pass
            })
        _ = event.trace(reader)
        #expect(errors.withLock { $0 } == [nil, nil, nil])
        #expect(
            heard.take() == [
                "1 REGISTER inet PHYSICAL_IN a", "1 REGISTER inet PHYSICAL_IN b", "1 UNREGISTER inet PHYSICAL_IN a",
                "1 UNREGISTER inet PHYSICAL_IN b",
            ])
    }

    @Test("A hook's going is told when no thread is inside it, and before the coming of the next of that name (R51)")
    func goingIsToldAfterTheWait() throws {
        let event = makeEvent("PHYSICAL_IN")
        let isInside = Gate(), release = Gate(), hasLeft = Gate()
        try event.register(
            NotifyCallback { [heard] notification in heard.add("\(notification.command) \(hasLeft.isOpen)") })
        try event.register(
            Hook(name: "a") { _ in
                isInside.open()
                release.wait()
                hasLeft.open()
                return .pass
            })
        let runner = TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            _ = event.trace(reader)
        }
        isInside.wait()
        let unregistering = TestThread { try? event.unregister(named: "a") }
        waitUntil { event.counters.removed == 1 }
        let registering = TestThread { try? event.register(.tracing("a")) }
        #expect(staysFalse { event.counters.added == 2 })
        #expect(heard.take() == ["register false"])
        release.open()
        [runner, unregistering, registering].forEach { $0.join() }
        #expect(heard.take() == ["unregister true", "register true"])
    }

    @Test("A callback that comes or goes while a hook is being left hears of that hook once or not at all (R134, R135)")
    func callbacksDuringDeparture() throws {
        let event = makeEvent("PHYSICAL_IN")
        let isInside = Gate(), release = Gate()
        let going = heard.callback("going"), staying = heard.callback("staying"), coming = heard.callback("coming")
        try event.register(going)
        try event.register(staying)
        try event.register(
            Hook(name: "a") { _ in
                isInside.open()
                release.wait()
                return .pass
            })
        let runner = TestThread { [publication] in
            guard let reader = try? publication.makeReader() else { return }
            _ = event.trace(reader)
        }
        isInside.wait()
        _ = heard.take()
        let unregistering = TestThread { try? event.unregister(named: "a") }
        waitUntil { event.counters.removed == 1 }
        try event.unregister(going)
        try event.register(coming)
        #expect(heard.take() == ["going UNREGISTER inet PHYSICAL_IN a"])
        release.open()
        [runner, unregistering].forEach { $0.join() }
        #expect(heard.take() == ["staying UNREGISTER inet PHYSICAL_IN a"])
    }

    @Test("Callbacks of one event never overlap, those of two events do (R111)")
    func serialised() throws {
        let event = makeEvent("PHYSICAL_IN")
        let inside = Atomic(0), overlaps = Tally()
        try event.register(
            NotifyCallback { _ in
                if inside.wrappingAdd(1, ordering: .relaxed).newValue != 1 { overlaps.add() }
                inside.wrappingSubtract(1, ordering: .relaxed)
            })
        let threads = (0..<3).map { number in
            TestThread {
                for _ in 0..<300 {
                    try? event.register(.tracing("hook \(number)"))
                    try? event.unregister(named: "hook \(number)")
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(overlaps.count == 0)
        #expect(event.counters.removed == 900)

        let meeting = Tally()
        let two = [makeEvent("PHYSICAL_OUT"), makeEvent("FORWARDING")]
        for event in two {
            try event.register(
                NotifyCallback { _ in
                    meeting.add()
                    waitUntil { meeting.count == 2 }
                })
        }
        let meeters = two.map { event in TestThread { try? event.register(.tracing("a")) } }
        meeters.forEach { $0.join() }
        #expect(meeting.count == 2)
    }
}
