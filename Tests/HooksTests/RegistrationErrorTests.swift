// SPDX-License-Identifier: Apache-2.0

import Hooks
import SystemPackage
import Testing

/// Which error comes first, and that nothing changes on any of them (R41 to R49).
struct RegistrationErrorTests {
    let event = HookEvent<Trace>.sample(limit: 2)

    private func errno(registering name: String, hint: Hint = .none) -> Errno? {
        do throws(HookError) {
            try event.register(.tracing(name, hint: hint))
            return nil
        } catch {
            return error.errno
        }
    }

    private func errno(unregistering name: String) -> Errno? {
        do throws(HookError) {
            try event.unregister(named: name)
            return nil
        } catch {
            return error.errno
        }
    }

    @Test("A name is taken before its hint is looked at (R44)", arguments: [Hint(code: 9), .first, .before("zz")])
    func duplicateName(hint: Hint) throws {
        try event.register(.tracing("f", hint: .first))
        #expect(errno(registering: "f", hint: hint) == .fileExists)
    }

    @Test("A shut-down event says so before anything else (R41 row 5)", arguments: ["f", "new"])
    func shutDown(name: String) throws {
        try event.register(.tracing("f", hint: .first))
        event.shutDown()
        #expect(errno(registering: name, hint: Hint(code: 9)) == .socketShutdown)
    }

    @Test("Names are compared exactly and only within the event (R27, R43)")
    func namesPerEvent() throws {
        let hook = Hook<Trace>.tracing("a")
        let other = HookEvent<Trace>.sample(name: "PHYSICAL_OUT")
        try event.register(hook)
        try other.register(hook)
        #expect(errno(registering: "A") == nil)
        #expect(other.snapshot().map(\.name) == ["a"])
    }

    @Test("The limit is ENOMEM, and only for what could have been registered")
    func limit() throws {
        try event.register(.tracing("f", hint: .first))
        try event.register(.tracing("b"))
        #expect(errno(registering: "c") == .noMemory)
        #expect(errno(registering: "b") == .fileExists)
        #expect(errno(registering: "c", hint: .first) == .resourceBusy)
        #expect(errno(registering: "c", hint: .after("zz")) == .noSuchProcess)
        #expect(errno(registering: "c", hint: Hint(code: 5)) == .invalidArgument)
        try event.unregister(named: "b")
        #expect(errno(registering: "c") == nil)
    }

    @Test("A failure leaves list, positions and counters alone (R46, R79)")
    func failureChangesNothing() throws {
        try event.register(.tracing("f", hint: .first))
        let hooks = event.snapshot()
        let counters = event.counters
        #expect(errno(registering: "f") == .fileExists)
        #expect(errno(registering: "g", hint: .first) == .resourceBusy)
        #expect(errno(registering: "g", hint: Hint(code: 7)) == .invalidArgument)
        #expect(errno(unregistering: "g") == .noSuchAddressOrDevice)
        #expect(event.snapshot() == hooks)
        #expect(event.counters == counters)
    }

    @Test("A name that is not there cannot be taken off (R49)")
    func unknownName() throws {
        #expect(errno(unregistering: "a") == .noSuchAddressOrDevice)
        try event.register(.tracing("a"))
        #expect(errno(unregistering: "a") == nil)
        #expect(errno(unregistering: "a") == .noSuchAddressOrDevice)
        #expect(event.counters == EventCounters(added: 1, removed: 1, events: 0))
    }

    @Test("The empty string is a name like any other (R47)")
    func emptyName() throws {
        try event.register(.tracing(""))
        try event.register(.tracing("b", hint: .before("")))
        #expect(event.snapshot().map(\.name) == ["b", ""])
    }

    @Test("Errors read as a sentence that names the hooks involved")
    func messages() throws {
        try event.register(.tracing("f", hint: .first))
        let error = #expect(throws: HookError.self) { try event.register(.tracing("g", hint: .first)) }
        #expect(error?.message == "hook g (first) conflicts with hook f (first)")
        #expect(error?.description.contains("busy") == true)
    }
}
