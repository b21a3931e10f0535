// SPDX-License-Identifier: Apache-2.0

import Hooks
import SystemPackage
import Testing

/// Families and events on their way in and out (R8, R32 to R40, R43, R49).
struct FamilyTests {
    let family = HookFamily(name: "inet")

    private func addEvent(_ name: String) throws -> HookEvent<Trace> {
        let event = HookEvent<Trace>.sample(name: name)
        try family.add(event)
        return event
    }

    private func errno(_ body: () throws -> Void) -> Errno? {
        do {
            try body()
            return nil
        } catch {
            return (error as? HookError)?.errno
        }
    }

    @Test("Events are walked newest first (R8), found by exact name")
    func events() throws {
        let first = try addEvent("PHYSICAL_IN")
        _ = try addEvent("PHYSICAL_OUT")
        #expect(family.events.map(\.name) == ["PHYSICAL_OUT", "PHYSICAL_IN"])
        #expect(family.event(named: "PHYSICAL_IN") === first)
        #expect(family.event(named: "physical_in") == nil)
    }

    @Test("The same event twice is refused; another of the same name is accepted and found first (R36)")
    func duplicates() throws {
        let first = try addEvent("PHYSICAL_IN")
        #expect(errno { try family.add(first) } == .fileExists)
        let second = try addEvent("PHYSICAL_IN")
        #expect(family.event(named: "PHYSICAL_IN") === second)
    }

    @Test("An event made for another family is refused")
    func foreignEvent() {
        let event = HookEvent<Trace>.sample()
        #expect(errno { try HookFamily(name: "inet6").add(event) } == .invalidArgument)
    }

    @Test("Hooks are registered and taken off by the names of event and hook")
    func hooksByName() throws {
        let event = try addEvent("PHYSICAL_IN")
        try family.register(.tracing("a"), on: "PHYSICAL_IN")
        #expect(event.snapshot().map(\.name) == ["a"])
        #expect(errno { try family.register(.tracing("a"), on: "FORWARDING") } == .noSuchAddressOrDevice)
        #expect(errno { try family.unregister(hookNamed: "a", from: "FORWARDING") } == .noSuchAddressOrDevice)
        #expect(errno { try family.unregister(hookNamed: "b", from: "PHYSICAL_IN") } == .noSuchAddressOrDevice)
        try family.unregister(hookNamed: "a", from: "PHYSICAL_IN")
        #expect(event.snapshot().isEmpty)
    }

    @Test("A hook for other data than the event's is refused")
    func wrongData() throws {
        _ = try addEvent("PHYSICAL_IN")
        let hook = Hook<Int>(name: "a") { _ in .pass }
        #expect(errno { try family.register(hook, on: "PHYSICAL_IN") } == .invalidArgument)
    }

    @Test("A shut-down event keeps and runs its hooks, takes no more, and announces its end once (R38, R39, R88)")
    func shutDownEvent() throws {
        let publication = Publication(readers: 1)
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(publication: publication)
        try family.add(event)
        try event.register(.tracing("a"))
        #expect(try family.shutDownEvent(named: "PHYSICAL_IN"))
        #expect(try !family.shutDownEvent(named: "PHYSICAL_IN"))
        #expect(errno { try family.register(.tracing("b"), on: "PHYSICAL_IN") } == .socketShutdown)
        #expect(event.trace(reader) == ["a"])
        #expect(try !family.unregisterEvent(named: "PHYSICAL_IN"))
        #expect(event.trace(reader) == ["a"])
    }

    @Test("A condemned event stays until its last hook goes, and says ESHUTDOWN till then (R37, R41 row 5)")
    func condemnedEvent() throws {
        let event = try addEvent("PHYSICAL_IN")
        try event.register(.tracing("a"))
        #expect(try family.unregisterEvent(named: "PHYSICAL_IN"))
        #expect(!event.isGone)
        #expect(errno { try family.register(.tracing("b"), on: "PHYSICAL_IN") } == .socketShutdown)
        try family.unregister(hookNamed: "a", from: "PHYSICAL_IN")
        #expect(event.isGone)
        #expect(family.events.isEmpty)
        #expect(errno { try family.register(.tracing("b"), on: "PHYSICAL_IN") } == .noSuchAddressOrDevice)
        #expect(errno { try family.unregisterEvent(named: "PHYSICAL_IN") } == .noSuchProcess)
        #expect(errno { try family.shutDownEvent(named: "PHYSICAL_IN") } == .noSuchProcess)
    }

    @Test("An event without hooks is gone as soon as it is unregistered (R37)")
    func emptyEventGoesAtOnce() throws {
        _ = try addEvent("PHYSICAL_IN")
        #expect(try family.unregisterEvent(named: "PHYSICAL_IN"))
        #expect(family.event(named: "PHYSICAL_IN") == nil)
    }

    @Test("A family announces its end once, takes no more events, and goes with its last one (R33 to R35, R40)")
    func familyGoing() throws {
        let event = try addEvent("PHYSICAL_IN")
        try event.register(.tracing("a"))
        #expect(family.shutDown())
        #expect(!family.condemn())
        #expect(errno { try family.add(HookEvent<Trace>.sample(name: "FORWARDING")) } == .socketShutdown)
        #expect(!family.isGone)
        try family.unregisterEvent(named: "PHYSICAL_IN")
        #expect(!family.isGone)
        try event.unregister(named: "a")
        #expect(family.isGone)
    }
}
