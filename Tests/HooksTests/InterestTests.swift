// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage
import Testing

/// When an event is wanted, and who is told (R45, R50, R87).
struct InterestTests {
    /// Remembers what an event told about itself.
    final class Listener: Sendable {
        let heard = Mutex<[Bool]>([])
        /// Called within the callback.
        let reaction = Mutex<(@Sendable (Bool) throws(HookError) -> Void)?>(nil)

        func tell(_ wanted: Bool) throws(HookError) {
            heard.withLock { $0.append(wanted) }
            try reaction.withLock { $0 }?(wanted)
        }
    }

    let publication = Publication(readers: 2)
    let listener = Listener()
    let event: HookEvent<Trace>

    init() {
        event = HookEvent<Trace>.sample(publication: publication, interest: listener.tell)
    }

    @Test("True with the first hook, false with the last, nothing in between")
    func transitions() throws {
        #expect(!event.isInterested)
        try event.register(.tracing("a"))
        #expect(event.isInterested)
        try event.register(.tracing("b"))
        try event.unregister(named: "a")
        #expect(event.isInterested)
        #expect(listener.heard.withLock { $0 } == [true])
        try event.unregister(named: "b")
        #expect(!event.isInterested)
        try event.register(.tracing("c"))
        #expect(listener.heard.withLock { $0 } == [true, false, true])
    }

    @Test("When the event is told that it is wanted, the hook runs already; when not, it runs no more")
    func publishedBeforeTold() throws {
        let seen = Mutex<[[String]]>([])
        let states = Mutex<[Bool]>([])
        let reaction: @Sendable (Bool) throws(HookError) -> Void = { [event, publication] _ throws(HookError) in
            let reader = try publication.makeReader()
            let names = event.trace(reader)
            seen.withLock { $0.append(names) }
            states.withLock { $0.append(event.isInterested) }
        }
        listener.reaction.withLock { $0 = reaction }
        try event.register(.tracing("a"))
        try event.unregister(named: "a")
        #expect(seen.withLock { $0 } == [["a"], []])
        #expect(states.withLock { $0 } == [true, false])
        listener.reaction.withLock { $0 = nil }
    }

    @Test("If nobody can be interested, the registration is undone and its error thrown")
    func refused() throws {
        let census = Census()
        listener.reaction.withLock {
            $0 = { wanted throws(HookError) in if wanted { throw HookError(.addressInUse, "queue 7 is taken") } }
        }
        let error = #expect(throws: HookError.self) {
            let member = census.makeMember()
            try event.register(
                Hook(name: "a") { _ in
                    member.touch(); return .pass
                })
        }
        #expect(error == HookError(.addressInUse, "queue 7 is taken"))
        #expect(census.count == 0)
        #expect(!event.isInterested)
        #expect(event.snapshot().isEmpty)
        #expect(event.counters == EventCounters(added: 0, removed: 0, events: 0))
        listener.reaction.withLock { $0 = nil }
        try event.register(.tracing("a"))
        #expect(event.isInterested)
    }

    @Test("An error on the way out does not keep the hook")
    func errorOnTheWayOut() throws {
        listener.reaction.withLock {
            $0 = { wanted throws(HookError) in if !wanted { throw HookError(.permissionDenied, "no table") } }
        }
        try event.register(.tracing("a"))
        try event.unregister(named: "a")
        #expect(event.snapshot().isEmpty)
        #expect(event.counters.removed == 1)
    }

    @Test("Registering and unregistering from inside the callback is EDEADLK, not a hang", .timeLimit(.minutes(1)))
    func reentrance() throws {
        let errors = Mutex<[Errno]>([])
        listener.reaction.withLock {
            $0 = { [event] _ in
                do throws(HookError) {
                    try event.register(.tracing("inner"))
                } catch {
                    errors.withLock { $0.append(error.errno) }
                }
                do throws(HookError) {
                    try event.unregister(named: "outer")
                } catch {
                    errors.withLock { $0.append(error.errno) }
                }
                _ = event.snapshot()
            }
        }
        try event.register(.tracing("outer"))
        #expect(event.snapshot().map(\.name) == ["outer"])
        try event.unregister(named: "outer")
        #expect(errors.withLock { $0 } == [.deadlock, .deadlock, .deadlock, .deadlock])
        listener.reaction.withLock { $0 = nil }
    }

    @Test("A refusal inside a hook of another event does not wait for itself", .timeLimit(.minutes(1)))
    func refusedInsideHook() throws {
        let reader = try publication.makeReader()
        let other = HookEvent<Trace>.sample(name: "PHYSICAL_OUT", publication: publication)
        listener.reaction.withLock { $0 = { _ throws(HookError) in throw HookError(.addressInUse, "taken") } }
        let errno = Mutex<Errno?>(nil)
        try other.register(
            Hook(name: "registrar") { [event] _ in
                do throws(HookError) {
                    try event.register(.tracing("a"))
                } catch {
                    errno.withLock { $0 = error.errno }
                }
                return .pass
            })
        _ = other.trace(reader)
        #expect(errno.withLock { $0 } == .addressInUse)
        #expect(event.snapshot().isEmpty)
    }
}
