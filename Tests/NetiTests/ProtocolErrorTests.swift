// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import Synchronization
import SystemPackage
import Testing

/// Which error a protocol answers first, and that nothing changes on any of them (R41 to R49).
struct ProtocolErrorTests {
    private let sample: SampleInstance
    private var inet: NetworkProtocol { sample.inet }

    init() throws {
        sample = try SampleInstance(maximumHooks: 2)
    }

    /// What a failed call must leave alone.
    private struct Shown: Equatable {
        let hooks: [HookDescription]
        let counters: [EventCounters]
        let kstats: [[NamedValue]]
        let calls: [FakeProvider.Call]

        init(_ sample: SampleInstance) {
            hooks = sample.inet.event(.physicalIn).snapshot()
            counters = NetworkEvent.physical.map { sample.inet.event($0).counters }
            kstats = sample.netinfo.kstats.snapshot().map(\.fields)
            calls = sample.provider.calls
        }
    }

    /// A registration that must fail: on which event, with which name and hint, with which error.
    struct Refusal: CustomStringConvertible, Sendable {
        let name: String
        let hint: Hint
        var event = "PHYSICAL_IN"
        let errno: Errno

        var description: String { "\(name) (\(hint)) on \(event)" }
    }

    @Test(
        "The first error in the order of the manual wins (R41, R44), and changes nothing (R46, R79)",
        arguments: [
            Refusal(name: "f", hint: .none, errno: .fileExists),
            Refusal(name: "f", hint: .first, errno: .fileExists),
            Refusal(name: "f", hint: .before("absent"), errno: .fileExists),
            Refusal(name: "f", hint: Hint(code: 9), errno: .fileExists),
            Refusal(name: "g", hint: .first, errno: .resourceBusy),
            Refusal(name: "g", hint: .before("f"), errno: .resourceBusy),
            Refusal(name: "g", hint: .after("absent"), errno: .noSuchProcess),
            Refusal(name: "g", hint: Hint(code: 9), errno: .invalidArgument),
            Refusal(name: "g", hint: Hint(code: -1), errno: .invalidArgument),
            Refusal(name: "g", hint: .none, errno: .noMemory),
            Refusal(name: "g", hint: .none, event: "FORWARDING ", errno: .noSuchAddressOrDevice),
            Refusal(name: "f", hint: .none, event: "physical_in", errno: .noSuchAddressOrDevice),
            Refusal(name: "f", hint: Hint(code: 9), event: "", errno: .noSuchAddressOrDevice),
        ])
    func precedence(_ refusal: Refusal) throws {
        try inet.register(.passing("f", hint: .first), on: .physicalIn)
        try inet.register(.passing("b"), on: .physicalIn)
        let before = Shown(sample)
        #expect(inet.errno(registering: .passing(refusal.name, hint: refusal.hint), on: refusal.event) == refusal.errno)
        #expect(Shown(sample) == before)
    }

    @Test(
        "An instance that is going answers ESHUTDOWN to every registration (R41 rows 1 and 5, R125)",
        arguments: [
            ("new", Hint.none, "PHYSICAL_IN"), ("f", .none, "PHYSICAL_IN"), ("new", Hint(code: 9), "PHYSICAL_IN"),
            ("new", .none, "NO SUCH EVENT"), ("f", Hint(code: 9), "NO SUCH EVENT"),
        ])
    func goingInstance(name: String, hint: Hint, event: String) throws {
        try inet.register(.passing("f", hint: .first), on: .physicalIn)
        try sample.netinfo.shutDown(sample.instance)
        let before = Shown(sample)
        #expect(inet.errno(registering: .passing(name, hint: hint), on: event) == .socketShutdown)
        #expect(Shown(sample) == before)
    }

    @Test("All protocols and events of a going instance are closed")
    func goingInstanceAsAWhole() throws {
        try sample.netinfo.shutDown(sample.instance)
        for family in NetworkFamily.ip {
            for event in NetworkEvent.physical {
                let handle = sample.instance.protocolHandle(family)
                #expect(handle.errno(registering: .passing("a"), on: event.rawValue) == .socketShutdown)
                // The event itself is closed too, and has announced that already (R39).
                #expect(!handle.event(event).shutDown())
            }
        }
        #expect(sample.provider.calls == [])
    }

    @Test("An event that was shut down answers ESHUTDOWN before EEXIST (R41 row 5); the others go on")
    func shutDownEvent() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        inet.event(.physicalIn).shutDown()
        #expect(inet.errno(registering: .passing("a")) == .socketShutdown)
        #expect(inet.errno(registering: .passing("b", hint: Hint(code: 9))) == .socketShutdown)
        #expect(inet.errno(registering: .passing("a"), on: "PHYSICAL_OUT") == nil)
    }

    @Test("A handle outlives its instance and refuses new hooks (R30), however the instance went")
    func removedInstance() throws {
        let handle = inet
        try sample.netinfo.removeInstance(sample.instance)
        #expect(handle.errno(registering: .passing("a")) == .socketShutdown)
        #expect(sample.netinfo.kstats.snapshot().isEmpty)
    }

    @Test("A hook that was there runs on a going instance and can be taken off (R49, R88)")
    func goingInstanceKeepsItsHooks() throws {
        let trace = Trace()
        try inet.register(.passing("a", trace: trace), on: .physicalIn)
        try sample.netinfo.shutDown(sample.instance)
        try sample.run()
        #expect(trace.take() == ["a"])
        #expect(inet.errno(unregistering: "a") == nil)
        #expect(inet.errno(unregistering: "a") == .noSuchAddressOrDevice)
        try sample.run()
        #expect(trace.take() == [])
    }

    @Test("Unregistering: ENXIO for an unknown event and an unknown hook (R49), by exact name")
    func unknownNames() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        let before = Shown(sample)
        #expect(inet.errno(unregistering: "a", from: "PHYSICAL_OUT") == .noSuchAddressOrDevice)
        #expect(inet.errno(unregistering: "a", from: "OBSERVING") == .noSuchAddressOrDevice)
        #expect(inet.errno(unregistering: "A") == .noSuchAddressOrDevice)
        #expect(sample.instance.protocolHandle(.inet6).errno(unregistering: "a") == .noSuchAddressOrDevice)
        #expect(Shown(sample) == before)
    }

    @Test("A provider that can't make packets flow fails the registration with its own error, without trace (R46)")
    func refusingProvider() throws {
        let refusal = NetiError(.addressInUse, "queue 7 is taken")
        sample.provider.react { call throws(NetiError) in if call.interested { throw refusal } }
        let error = #expect(throws: NetiError.self) { try inet.register(.passing("a"), on: .physicalIn) }
        #expect(error == refusal)
        #expect(error?.description.hasPrefix("queue 7 is taken: ") == true)
        #expect(inet.event(.physicalIn).snapshot().isEmpty)
        #expect(!inet.event(.physicalIn).isInterested)
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: .global) == [])
        #expect(sample.kstat("inet", "PHYSICAL_IN")?.map(\.value) == [.uint64(0), .uint64(0), .uint64(0)])
        sample.provider.react(nil)
        #expect(inet.errno(registering: .passing("a")) == nil)
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: .global) == ["a"])
    }

    @Test("From inside a hook unregistering is EDEADLK, never a hang; registering works (R61)", .timeLimit(.minutes(1)))
    func fromInsideAHook() throws {
        let errors = Mutex<[String: Errno?]>([:])
        let inet = inet
        try inet.register(.passing("other"), on: .physicalOut)
        try inet.register(
            Hook(name: "inside") { _ in
                let seen = [
                    "itself": inet.errno(unregistering: "inside"),
                    "another event's": inet.errno(unregistering: "other", from: "PHYSICAL_OUT"),
                    "no event": inet.errno(unregistering: "inside", from: "PRE_ROUTING"),
                    "new": inet.errno(registering: .passing("new")),
                    "first on its event": inet.errno(registering: .passing("new"), on: "PHYSICAL_OUT"),
                ]
                errors.withLock { $0 = seen }
                return .pass
            }, on: .physicalIn)
        try sample.run()
        #expect(
            errors.withLock { $0 } == [
                "itself": .deadlock, "another event's": .deadlock, "no event": .noSuchAddressOrDevice, "new": nil,
                "first on its event": nil,
            ])
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: .global) == ["inside", "new"])
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_OUT", visibleIn: .global) == ["new", "other"])
        try inet.unregister("inside", from: .physicalIn)
    }

    @Test("A provider that registers on the event it is told about gets EDEADLK", .timeLimit(.minutes(1)))
    func fromInsideTheProvider() throws {
        let errors = Mutex<[Errno?]>([])
        let inet = inet
        sample.provider.react { _ in
            let seen = [inet.errno(registering: .passing("b")), inet.errno(unregistering: "a")]
            errors.withLock { $0 += seen }
        }
        try inet.register(.passing("a"), on: .physicalIn)
        #expect(errors.withLock { $0 } == [.deadlock, .deadlock])
        sample.provider.react(nil)
        #expect(inet.event(.physicalIn).snapshot().map(\.name) == ["a"])
    }

    @Test("Names are unique per event and protocol only; one hook may be on several (R43)")
    func oneHookOnSeveralEvents() throws {
        let hook = Hook<PacketEvent>.passing("a")
        for family in NetworkFamily.ip {
            for event in NetworkEvent.physical {
                try sample.instance.protocolHandle(family).register(hook, on: event)
                #expect(sample.netinfo.kstatNames("\(family)/\(event)", visibleIn: .global) == ["a"])
            }
        }
    }
}
