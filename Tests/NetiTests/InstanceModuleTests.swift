// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization
import SystemPackage
import Testing
import Witnesses

/// When modules are told of instances, and what they can do then (R16 to R19, R24, R112 to R126, R129).
@Suite(.timeLimit(.minutes(1)))
struct InstanceModuleTests {
    private let netinfo = Netinfo(readers: 1)
    private let heard = HeardLines()

    private func add(_ name: String) throws -> Instance {
        try netinfo.addInstance(named: name, settings: .init(provider: FakeProvider()))
    }

    private func errno(_ body: () throws(NetiError) -> Void) -> Errno? {
        do throws(NetiError) {
            try body()
            return nil
        } catch {
            return error.errno
        }
    }

    @Test("Create, shutdown and destroy are called once each, with what create returned (R112, R115)")
    func life() throws {
        try netinfo.register(heard.module("m"))
        let blue = try add("blue")
        #expect(heard.take() == ["m.create(1)"])
        try netinfo.shutDown(blue)
        try netinfo.shutDown(blue)
        #expect(heard.take() == ["m.shutdown(1)"])
        try netinfo.removeInstance(blue)
        try netinfo.removeInstance(blue)
        #expect(heard.take() == ["m.destroy(1)"])
        try netinfo.unregister(named: "m")
        #expect(heard.take() == [])
    }

    @Test("A module without shutdown is created and destroyed (R114)")
    func withoutShutdown() throws {
        try netinfo.register(heard.module("m", hasShutdown: false))
        try netinfo.removeInstance(try add("blue"))
        #expect(heard.take() == ["m.create(1)", "m.destroy(1)"])
    }

    @Test("Nil from create is handed on like any other value (R19)")
    func nothingCreated() throws {
        try netinfo.register(
            InstanceModule(
                name: "m", create: { _ in Optional<String>.none },
                shutdown: { [heard] _, value in heard.add("shutdown \(value ?? "nil")") },
                destroy: { [heard] _, value in heard.add("destroy \(value ?? "nil")") }))
        try netinfo.removeInstance(try add("blue"))
        #expect(heard.take() == ["shutdown nil", "destroy nil"])
    }

    @Test("A name is registered once, unregistered by name, and free afterwards (R16, R17)")
    func names() throws {
        try netinfo.register(heard.module("m"))
        #expect(errno { () throws(NetiError) in try netinfo.register(heard.module("m")) } == .fileExists)
        #expect(errno { () throws(NetiError) in try netinfo.unregister(named: "M") } == .noSuchProcess)
        try netinfo.unregister(named: "m")
        #expect(errno { () throws(NetiError) in try netinfo.unregister(named: "m") } == .noSuchProcess)
        try netinfo.register(heard.module("m"))
    }

    @Test("The name is free while the old callbacks still run (R18)")
    func nameIsFreeDuringUnregister() throws {
        _ = try add("blue")
        let error = Mutex<Errno?>(.canceled)
        try netinfo.register(
            InstanceModule(
                name: "m", create: { _ in },
                destroy: { [netinfo, heard] _, _ in
                    let seen = errno { () throws(NetiError) in try netinfo.register(heard.module("m")) }
                    error.withLock { $0 = seen }
                }))
        try netinfo.unregister(named: "m")
        #expect(error.withLock { $0 } == nil)
        #expect(heard.take() == ["m.create(1)"])
    }

    @Test("Unregistering shuts down everywhere, newest instance first, before it destroys anywhere (R118, R123)")
    func unloading() throws {
        for name in ["global", "blue", "red"] { _ = try add(name) }
        try netinfo.register(heard.module("m"))
        #expect(heard.take() == ["m.create(2)", "m.create(1)", "m.create(0)"])
        try netinfo.unregister(named: "m")
        #expect(
            heard.take() == [
                "m.shutdown(2)", "m.shutdown(1)", "m.shutdown(0)", "m.destroy(2)", "m.destroy(1)", "m.destroy(0)",
            ])
    }

    @Test("An instance that is shutting down isn't told to a new module (R119)")
    func lateForTheDying() throws {
        let blue = try add("blue")
        try netinfo.shutDown(blue)
        try netinfo.register(heard.module("m"))
        try netinfo.removeInstance(blue)
        #expect(heard.take() == [])
    }

    @Test("A number leads somewhere from create to shutdown, in destroy only when the module goes (R20 to R24)")
    func numbers() throws {
        let module = { [netinfo, heard] (name: String) in
            InstanceModule(
                name: name, create: { heard.add("create \(netinfo.zone(of: $0) ?? 0)") },
                shutdown: { netid, _ in heard.add("shutdown \(netinfo.zone(of: netid) ?? 0)") },
                destroy: { netid, _ in heard.add("destroy \(netinfo.zone(of: netid) ?? 0)") })
        }
        try netinfo.register(module("m"))
        let settings = Instance.Settings(provider: FakeProvider(), interfaces: InterfaceTable(zone: 42))
        let blue = try netinfo.addInstance(named: "blue", settings: settings)
        #expect(netinfo.netid(ofZone: 42) == blue.netid)
        #expect(netinfo.netid(ofZone: 41) == nil)
        let handle = blue.protocolHandle(.inet)
        #expect(handle.liveNetID == blue.netid)
        try netinfo.unregister(named: "m")
        #expect(heard.take() == ["create 42", "shutdown 42", "destroy 42"])
        try netinfo.register(module("m"))
        try netinfo.shutDown(blue)
        #expect(handle.liveNetID == blue.netid)
        try netinfo.removeInstance(blue)
        #expect(heard.take() == ["create 42", "shutdown 42", "destroy 0"])
        #expect(netinfo.netid(ofZone: 42) == nil)
        #expect(handle.liveNetID == nil)
    }

    @Test("In shutdown on an instance's death nothing comes any more, everything can go (R125)")
    func callsInShutdown() throws {
        try callsWhileDying(inDestroy: false)
    }

    @Test("In destroy on an instance's death everything can still go, unlike in the original (R126)")
    func callsInDestroy() throws {
        try callsWhileDying(inDestroy: true)
    }

    /// A module that puts something everywhere and takes it off late.
    private func callsWhileDying(inDestroy: Bool) throws {
        let blue = try add("blue")
        let inet = blue.protocolHandle(.inet)
        let netid = blue.netid
        let errors = Mutex<[Errno?]>([])
        let callback = NotifyCallback { _ in }, other = NotifyCallback { _ in }
        let tidyUp: @Sendable (NetID, Void) -> Void = { [netinfo] netid, _ in
            let seen = [
                errno { () throws(NetiError) in try inet.register(.passing("b"), on: .physicalIn) },
                errno { () throws(NetiError) in try inet.register(other) },
                errno { () throws(NetiError) in try inet.register(other, onEventNamed: "PHYSICAL_IN") },
                netinfo.protocolHandle(named: "NHF_INET", in: netid) == nil ? .noSuchProcess : nil,
                errno { () throws(NetiError) in try inet.unregister("a", from: .physicalIn) },
                errno { () throws(NetiError) in try inet.unregister(callback, fromEventNamed: "PHYSICAL_IN") },
                errno { () throws(NetiError) in try inet.unregister(callback) },
                errno { () throws(NetiError) in try netinfo.unregister(callback, in: netid) },
            ]
            errors.withLock { $0 = seen }
        }
        try netinfo.register(
            InstanceModule(
                name: "m", create: { _ in }, shutdown: inDestroy ? nil : tidyUp,
                destroy: inDestroy ? tidyUp : { _, _ in }))
        try netinfo.register(callback, in: netid)
        try inet.register(callback)
        try inet.register(callback, onEventNamed: "PHYSICAL_IN")
        try inet.register(.passing("a"), on: .physicalIn)
        try netinfo.removeInstance(blue)
        #expect(
            errors.withLock { $0 } == [
                .socketShutdown, .socketShutdown, .socketShutdown, .noSuchProcess, nil, nil, nil, nil,
            ])
        #expect(inet.event(.physicalIn).isGone)
    }

    @Test("In shutdown and destroy because the module goes, everything works (R123)")
    func callsWhileUnloading() throws {
        let blue = try add("blue")
        let inet = blue.protocolHandle(.inet)
        let errors = Mutex<[Errno?]>([])
        let work: @Sendable (NetID, Void) -> Void = { [netinfo, heard] netid, _ in
            let callback = heard.callback("C")
            let seen = [
                errno { () throws(NetiError) in try inet.register(.passing("b"), on: .physicalIn) },
                errno { () throws(NetiError) in try inet.unregister("b", from: .physicalIn) },
                errno { () throws(NetiError) in try netinfo.register(callback, in: netid) },
                errno { () throws(NetiError) in try netinfo.unregister(callback, in: netid) },
            ]
            errors.withLock { $0 += seen }
        }
        try netinfo.register(InstanceModule(name: "m", create: { _ in }, shutdown: work, destroy: work))
        try netinfo.unregister(named: "m")
        #expect(errors.withLock { $0 } == Array(repeating: nil, count: 8))
        #expect(heard.take().filter { $0 == "C UNREGISTER 1 - inet" }.count == 2)
    }

    @Test("From inside its own callbacks a module can't unregister itself, others it can (R116)")
    func reentrance() throws {
        let errors = Mutex<[String: Errno?]>([:])
        try netinfo.register(heard.module("other 1"))
        try netinfo.register(heard.module("other 2"))
        try netinfo.register(heard.module("other 3"))
        let call: @Sendable (String) -> Void = { [netinfo, heard] callback in
            let seen = [
                errno { () throws(NetiError) in try netinfo.unregister(named: "m") },
                errno { () throws(NetiError) in
                    _ = try netinfo.addInstance(named: "red", settings: .init(provider: FakeProvider()))
                },
                errno { () throws(NetiError) in
                    if let blue = netinfo.instance(NetID(rawValue: 1)) { try netinfo.removeInstance(blue) }
                },
            ]
            for (name, error) in zip(["m", "add", "remove"], seen) {
                errors.withLock { $0["\(callback) \(name)"] = error }
            }
            heard.add(callback)
        }
        try netinfo.register(
            InstanceModule(
                name: "m",
                create: { [netinfo] _ in
                    call("create")
                    let error = errno { () throws(NetiError) in try netinfo.unregister(named: "other 1") }
                    errors.withLock { $0["create other"] = error }
                }, shutdown: { _, _ in call("shutdown") },
                destroy: { [netinfo] _, _ in
                    let error = errno { () throws(NetiError) in try netinfo.unregister(named: "other 2") }
                    errors.withLock { $0["destroy other"] = error }
                }))
        let blue = try add("blue")
        #expect(heard.take().suffix(3) == ["create", "other 1.shutdown(1)", "other 1.destroy(1)"])
        try netinfo.removeInstance(blue)
        try netinfo.unregister(named: "m")
        let expected: [String: Errno?] = [
            "create m": .deadlock, "create add": .deadlock, "create remove": .deadlock, "create other": nil,
            "shutdown m": .deadlock, "shutdown add": .deadlock, "shutdown remove": .deadlock, "destroy other": nil,
        ]
        #expect(errors.withLock { $0 } == expected)
    }

    @Test("An instance that can't be prepared is told to nobody and leaves its name free")
    func unprepared() throws {
        try netinfo.register(heard.module("m"))
        let error = errno { () throws(NetiError) in
            _ = try netinfo.addInstance(named: "blue", settings: .init(provider: FakeProvider())) {
                _ throws(NetiError) in
                throw NetiError(.noMemory, "no room")
            }
        }
        #expect(error == .noMemory)
        #expect(netinfo.instances.isEmpty)
        #expect(heard.take() == [])
        _ = try add("blue")
    }
}
