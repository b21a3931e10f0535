// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// What callbacks hear of hooks, events and families (R8, R34 to R40, R45, R50, R130 to R142).
struct NotifyTests {
    private let heard = HeardLines()
    private let event = HookEvent<Trace>.sample()
    private let family = HookFamily(name: "inet")
    private let families = FamilyList(name: "5")

    private func addEvents(_ names: String...) throws {
        for name in names { try family.add(HookEvent<Trace>.sample(name: name)) }
    }

    // MARK: Hooks on an event

    @Test("An event tells family, event and hook, to all callbacks in the order of their registering (R132, R136)")
    func hooks() throws {
        let first = heard.callback("1"), second = heard.callback("2")
        try event.register(first)
        try event.register(second)
        #expect(heard.take() == [])
        try event.register(.tracing("a"))
        #expect(heard.take() == ["1 REGISTER inet PHYSICAL_IN a", "2 REGISTER inet PHYSICAL_IN a"])
        try event.unregister(named: "a")
        #expect(heard.take() == ["1 UNREGISTER inet PHYSICAL_IN a", "2 UNREGISTER inet PHYSICAL_IN a"])
    }

    @Test("A callback hears of what is there when it comes and when it goes, in list order; others don't (R134, R135)")
    func hookReplay() throws {
        let first = heard.callback("1"), second = heard.callback("2")
        try event.register(first)
        for hook in [Hook<Trace>.tracing("b"), .tracing("a", hint: .first), .tracing("c", hint: .last)] {
            try event.register(hook)
        }
        _ = heard.take()
        try event.register(second)
        #expect(heard.take() == ["a", "b", "c"].map { "2 REGISTER inet PHYSICAL_IN \($0)" })
        try event.unregister(first)
        #expect(heard.take() == ["a", "b", "c"].map { "1 UNREGISTER inet PHYSICAL_IN \($0)" })
        try event.unregister(named: "b")
        #expect(heard.take() == ["2 UNREGISTER inet PHYSICAL_IN b"])
    }

    @Test("A second registration is EEXIST, an unknown callback ESRCH, and neither is told anything (R133, R137)")
    func hookErrors() throws {
        let callback = heard.callback("1"), other = heard.callback("2")
        let elsewhere = HookEvent<Trace>.sample(name: "PHYSICAL_OUT")
        try event.register(.tracing("a"))
        try event.register(callback)
        try elsewhere.register(callback)
        _ = heard.take()
        #expect(errno { () throws(HookError) in try event.register(callback) } == .fileExists)
        #expect(errno { () throws(HookError) in try event.unregister(other) } == .noSuchProcess)
        #expect(heard.take() == [])
    }

    @Test("A registration or unregistration that fails is not told (R46, R137)")
    func failedChanges() throws {
        try event.register(heard.callback("1"))
        try event.register(.tracing("a"))
        _ = heard.take()
        #expect(errno { () throws(HookError) in try event.register(.tracing("a")) } == .fileExists)
        #expect(errno { () throws(HookError) in try event.unregister(named: "b") } == .noSuchAddressOrDevice)
        let refusing = HookEvent<Trace>.sample { _ throws(HookError) in throw HookError(.addressInUse, "taken") }
        try refusing.register(heard.callback("1"))
        #expect(errno { () throws(HookError) in try refusing.register(.tracing("a")) } == .addressInUse)
        #expect(heard.take() == [])
    }

    @Test("A hook is told when it counts and runs, its going when it doesn't (R45, R50)")
    func momentOfTelling() throws {
        let publication = Publication(readers: 2)
        let event = HookEvent<Trace>.sample(publication: publication) { self.heard.add("interest \($0)") }
        let callback = NotifyCallback { [heard] notification in
            guard let reader = try? publication.makeReader() else { return }
            heard.add(
                "\(notification.command) \(event.trace(reader)) \(event.isInterested) \(event.counters.added)"
                    + " \(event.counters.removed)")
        }
        try event.register(callback)
        try event.register(.tracing("a")) { heard.add("recorded") }
        #expect(heard.take() == ["interest true", "recorded", "register [\"a\"] true 1 0"])
        try event.unregister(named: "a") { heard.add("recorded") }
        #expect(heard.take() == ["interest false", "unregister [] false 1 1", "recorded"])
    }

    @Test("A shut-down event takes no callbacks but lets them go, and hooks too (R38, R139)")
    func shutDownEvent() throws {
        let callback = heard.callback("1")
        try event.register(callback)
        try event.register(.tracing("a"))
        event.shutDown()
        #expect(errno { () throws(HookError) in try event.register(heard.callback("2")) } == .socketShutdown)
        #expect(errno { () throws(HookError) in try event.register(callback) } == .socketShutdown)
        _ = heard.take()
        try event.unregister(named: "a")
        try event.unregister(callback)
        #expect(heard.take() == ["1 UNREGISTER inet PHYSICAL_IN a"])
    }

    @Test("A condemned event goes with the last of its hooks and callbacks (R1, R37, R142)", arguments: [false, true])
    func condemnedEvent(hookFirst: Bool) throws {
        let callback = heard.callback("1")
        try event.register(callback)
        try event.register(.tracing("a"))
        event.condemn()
        if hookFirst { try event.unregister(named: "a") } else { try event.unregister(callback) }
        #expect(!event.isGone)
        if hookFirst { try event.unregister(callback) } else { try event.unregister(named: "a") }
        #expect(event.isGone)
    }

    // MARK: Events of a family

    @Test("A family tells its name, nil and the event, and replays newest first, shut-down ones too (R8, R134, R135)")
    func events() throws {
        let first = heard.callback("1"), second = heard.callback("2")
        try family.register(first)
        try addEvents("PHYSICAL_IN", "PHYSICAL_OUT")
        #expect(heard.take() == ["1 REGISTER inet - PHYSICAL_IN", "1 REGISTER inet - PHYSICAL_OUT"])
        try family.shutDownEvent(named: "PHYSICAL_IN")
        #expect(heard.take() == ["1 UNREGISTER inet - PHYSICAL_IN"])
        try family.register(second)
        #expect(heard.take() == ["2 REGISTER inet - PHYSICAL_OUT", "2 REGISTER inet - PHYSICAL_IN"])
        try family.unregisterEvent(named: "PHYSICAL_IN")
        #expect(heard.take() == [])
        try family.unregister(first)
        #expect(heard.take() == ["1 UNREGISTER inet - PHYSICAL_OUT"])
        #expect(errno { () throws(HookError) in try family.unregister(first) } == .noSuchProcess)
        #expect(errno { () throws(HookError) in try family.register(second) } == .fileExists)
        #expect(heard.take() == [])
    }

    @Test("A family that is going takes no callbacks, and goes with its last event and callback (R40, R142)")
    func familyGoing() throws {
        let callback = heard.callback("1")
        try family.register(callback)
        try addEvents("PHYSICAL_IN")
        family.condemn()
        #expect(errno { () throws(HookError) in try family.register(heard.callback("2")) } == .socketShutdown)
        try family.unregisterEvent(named: "PHYSICAL_IN")
        #expect(!family.isGone)
        try family.unregister(callback)
        #expect(family.isGone)
    }

    // MARK: Families of an instance

    @Test(
        "An instance tells number, nil and family; only replay at coming leaves out what goes (R8, R35, R134, R135)")
    func familiesOfInstance() throws {
        let first = heard.callback("1"), second = heard.callback("2")
        let inet6 = HookFamily(name: "inet6")
        try inet6.register(NotifyCallback { _ in })
        try families.register(first)
        try families.add(family)
        try families.add(inet6)
        #expect(heard.take() == ["1 REGISTER 5 - inet", "1 REGISTER 5 - inet6"])
        try families.shutDown(family)
        try families.remove(inet6)
        #expect(heard.take() == ["1 UNREGISTER 5 - inet", "1 UNREGISTER 5 - inet6"])
        try families.register(second)
        #expect(heard.take() == [])
        try families.unregister(first)
        #expect(heard.take() == ["1 UNREGISTER 5 - inet6", "1 UNREGISTER 5 - inet"])
        try families.remove(family)
        #expect(heard.take() == [])
        #expect(families.families.map(\.name) == ["inet6"])
    }

    @Test("A name is free again when the family of that name has gone (R32, R33)")
    func familyNames() throws {
        let callback = NotifyCallback { _ in }
        try family.register(callback)
        try families.add(family)
        #expect(errno { () throws(HookError) in try families.add(HookFamily(name: "inet")) } == .fileExists)
        try families.remove(family)
        #expect(errno { () throws(HookError) in try families.add(HookFamily(name: "inet")) } == .fileExists)
        try family.unregister(callback)
        try families.add(HookFamily(name: "inet"))
        families.shutDown()
        #expect(errno { () throws(HookError) in try families.add(HookFamily(name: "arp")) } == .fileExists)
        #expect(errno { () throws(HookError) in try families.register(callback) } == .socketShutdown)
    }
}

/// The error number, nil for success.
func errno(_ body: () throws(HookError) -> Void) -> Errno? {
    do throws(HookError) {
        try body()
        return nil
    } catch {
        return error.errno
    }
}
