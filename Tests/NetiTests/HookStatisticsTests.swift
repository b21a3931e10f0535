// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Hooks
import Kstat
import Neti
import Packet
import Synchronization
import SystemPackage
import Testing

/// The kstats of events and hooks (R184 to R189).
struct HookStatisticsTests {
    private let sample: SampleInstance
    private var inet: NetworkProtocol { sample.inet }

    init() throws {
        sample = try SampleInstance()
    }

    private func counters(_ event: NetworkEvent = .physicalIn) -> [NamedValue.Value]? {
        sample.kstat("inet", event.rawValue)?.map(\.value)
    }

    private func value(_ statistic: String, of hook: String) -> NamedValue.Value? {
        sample.kstat("inet/PHYSICAL_IN", hook)?.first { $0.name == statistic }?.value
    }

    private func hookNames() -> [String] {
        sample.netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: .global)
    }

    @Test("Each event of an instance has a kstat from the start, under the family's name, with three counters at 0")
    func eventKstats() {
        let kstats = sample.netinfo.kstats.snapshot()
        #expect(
            kstats.map { "\($0.module):\($0.instance):\($0.name)" } == [
                "arp:0:NIC_EVENTS", "arp:0:PHYSICAL_IN", "arp:0:PHYSICAL_OUT", "inet:0:FORWARDING",
                "inet:0:LOOPBACK_IN", "inet:0:LOOPBACK_OUT", "inet:0:NIC_EVENTS", "inet:0:OBSERVING",
                "inet:0:PHYSICAL_IN", "inet:0:PHYSICAL_OUT", "inet6:0:FORWARDING", "inet6:0:LOOPBACK_IN",
                "inet6:0:LOOPBACK_OUT", "inet6:0:NIC_EVENTS", "inet6:0:OBSERVING", "inet6:0:PHYSICAL_IN",
                "inet6:0:PHYSICAL_OUT",
            ])
        for kstat in kstats {
            #expect(kstat.class == "hook_event")
            #expect(kstat.type == .named)
            #expect(kstat.flags == .virtual)
            #expect(kstat.netids == [0])
            #expect(
                kstat.fields == [
                    NamedValue("hooksAdded", .uint64(0)), NamedValue("hooksRemoved", .uint64(0)),
                    NamedValue("events", .uint64(0)),
                ])
        }
    }

    @Test(
        "A hook's kstat shows what it was registered with, in the order and with the types of the original (R185, R187)",
        arguments: [
            (Hint.none, Int32(0), "<none>"), (.first, 1, "<none>"), (.last, 2, "<none>"), (.before("t"), 3, "t"),
            (.after("t"), 4, "t"),
        ])
    func hookKstat(hint: Hint, code: Int32, target: String) throws {
        try inet.register(.passing("t"), on: .physicalIn)
        try inet.register(
            Hook(name: "a", version: 42, flags: 0x8000_0001, hint: hint) { _ in .pass }, on: .physicalIn)
        try sample.run()
        let kstat = try #require(sample.netinfo.kstat("inet/PHYSICAL_IN", "a", visibleIn: .global))
        let registered = sample.netinfo.kstats.kstats(module: "inet/PHYSICAL_IN", instance: 0, name: "a", visibleIn: 0)
        #expect(try registered.first?.privateData as? NetID == .global)
        #expect(kstat.instance == 0)
        #expect(kstat.class == "hook")
        #expect(kstat.type == .named)
        #expect(kstat.flags == [.virtual, .longStrings])
        #expect(kstat.netids == [0])
        let position: Int32 = hint == .first || hint == .before("t") ? 1 : 2
        #expect(
            kstat.fields == [
                NamedValue("version", .int32(42)), NamedValue("flags", .uint32(0x8000_0001)),
                NamedValue("hint", .int32(code)), NamedValue("hint_value", .string(target)),
                NamedValue("position", .int32(position)), NamedValue("hook_hits", .uint64(1)),
            ])
    }

    @Test("Positions are numbered anew by registrations only (R52, R186)")
    func stalePositions() throws {
        for name in ["a", "b", "c"] { try inet.register(.passing(name), on: .physicalIn) }
        try inet.unregister("a", from: .physicalIn)
        #expect(value("position", of: "b") == .int32(2))
        #expect(value("position", of: "c") == .int32(3))
        #expect(inet.errno(registering: .passing("b")) == .fileExists)
        #expect(value("position", of: "b") == .int32(2))
        try inet.register(.passing("d"), on: .physicalIn)
        #expect(["b", "c", "d"].map { value("position", of: $0) } == [.int32(1), .int32(2), .int32(3)])
    }

    @Test("Counters follow registrations, unregistrations and runs; failures count nothing (R82, R184)")
    func counting() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        try inet.register(Hook(name: "b") { _ in .drop }, on: .physicalIn)
        try inet.register(.passing("c"), on: .physicalIn)
        for _ in 0..<3 { try sample.run() }
        #expect(inet.errno(registering: .passing("a")) != nil)
        #expect(inet.errno(registering: .passing("d", hint: Hint(code: 9))) != nil)
        #expect(inet.errno(unregistering: "d") != nil)
        #expect(["a", "b", "c"].map { value("hook_hits", of: $0) } == [.uint64(3), .uint64(3), .uint64(0)])
        try inet.unregister("b", from: .physicalIn)
        try sample.run()
        #expect(counters() == [.uint64(3), .uint64(1), .uint64(4)])
        #expect(["a", "c"].map { value("hook_hits", of: $0) } == [.uint64(4), .uint64(1)])
        #expect(counters(.physicalOut) == [.uint64(0), .uint64(0), .uint64(0)])
    }

    @Test("A hook's kstat comes and goes with it, and starts anew with the next of its name (R187)")
    func comingAndGoing() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        try inet.register(.passing("b"), on: .physicalIn)
        try sample.run()
        #expect(hookNames() == ["a", "b"])
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_OUT", visibleIn: .global) == [])
        try inet.unregister("a", from: .physicalIn)
        #expect(hookNames() == ["b"])
        try inet.register(.passing("a"), on: .physicalIn)
        #expect(value("hook_hits", of: "a") == .uint64(0))
        #expect(value("hook_hits", of: "b") == .uint64(1))
    }

    @Test("An event that was shut down keeps its kstat, and its hooks theirs (R187)")
    func shutDown() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        try sample.netinfo.shutDown(sample.instance)
        try sample.run()
        #expect(counters() == [.uint64(1), .uint64(0), .uint64(1)])
        #expect(value("hook_hits", of: "a") == .uint64(1))
        try inet.unregister("a", from: .physicalIn)
        #expect(hookNames() == [])
        #expect(counters() == [.uint64(1), .uint64(1), .uint64(1)])
    }

    @Test("Of two hooks that agree in 30 characters only the first is shown; both are registered and run (R188)")
    func collision() throws {
        let common = String(repeating: "n", count: 30)
        let trace = Trace()
        try inet.register(.passing(common + "1", trace: trace), on: .physicalIn)
        try inet.register(.passing(common + "2", trace: trace), on: .physicalIn)
        try sample.run()
        #expect(trace.take() == [common + "1", common + "2"])
        #expect(hookNames() == [common])
        #expect(value("position", of: common) == .int32(1))
        #expect(inet.event(.physicalIn).snapshot().map(\.hits) == [1, 1])
        #expect(counters() == [.uint64(2), .uint64(0), .uint64(1)])
        // The one that isn't shown doesn't take the other's kstat with it.
        try inet.unregister(common + "2", from: .physicalIn)
        #expect(hookNames() == [common])
        try inet.register(.passing(common + "2"), on: .physicalIn)
        try inet.unregister(common + "1", from: .physicalIn)
        #expect(hookNames() == [])
        #expect(inet.event(.physicalIn).snapshot().map(\.name) == [common + "2"])
    }

    @Test("Instances have kstats of the same names; each sees its own (R171, R187)")
    func twoInstances() throws {
        let netinfo = sample.netinfo
        let blue = try netinfo.addInstance(named: "blue", settings: sample.instance.settings)
        try inet.register(.passing("a"), on: .physicalIn)
        try blue.protocolHandle(.inet).register(.passing("a", hint: .last), on: .physicalIn)
        try sample.run()
        func shown(_ statistic: String, _ netid: NetID) -> NamedValue.Value? {
            netinfo.kstat("inet/PHYSICAL_IN", "a", visibleIn: netid)?.fields.first { $0.name == statistic }?.value
        }
        #expect(shown("hint", .global) == .int32(0))
        #expect(shown("hint", blue.netid) == .int32(2))
        #expect(shown("hook_hits", .global) == .uint64(1))
        #expect(shown("hook_hits", blue.netid) == .uint64(0))
        #expect(netinfo.kstat("inet", "PHYSICAL_IN", visibleIn: blue.netid)?.netids == [blue.netid.rawValue])
        #expect(netinfo.kstats.snapshot(KstatSelection(module: "inet/PHYSICAL_IN")).map(\.netids) == [[0], [1]])

        try netinfo.shutDown(blue)
        try netinfo.removeInstance(blue)
        #expect(netinfo.kstats.snapshot(visibleIn: blue.netid.rawValue).isEmpty)
        #expect(hookNames() == ["a"])
        #expect(netinfo.kstats.snapshot().count == 17 + 1)
    }

    @Test("An instance that comes again starts with counters at 0, whatever its predecessor's hooks still do")
    func successor() throws {
        let netinfo = sample.netinfo
        try inet.register(.passing("a"), on: .physicalIn)
        try sample.run()
        try netinfo.removeInstance(sample.instance)
        #expect(netinfo.kstats.snapshot().isEmpty)
        let next = try netinfo.addInstance(named: "global", settings: sample.instance.settings)
        try next.protocolHandle(.inet).register(.passing("a"), on: .physicalIn)
        try sample.run()
        #expect(inet.errno(unregistering: "a") == nil)
        #expect(counters() == [.uint64(1), .uint64(0), .uint64(0)])
        #expect(value("hook_hits", of: "a") == .uint64(0))
    }

    @Test(
        "A hook whose predecessor of that name is still being left comes after it, with a kstat of its own (R51, R106)",
        .timeLimit(.minutes(1)))
    func reregistrationWhileLeaving() throws {
        let inet = inet
        let publication = sample.netinfo.publication
        let entered = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let group = DispatchGroup()
        let blocking = Hook<PacketEvent>(name: "a") { _ in
            entered.signal()
            release.wait()
            return .pass
        }
        try inet.register(blocking, on: .physicalIn)
        let bytes = try SamplePacket.udp(.v4)
        let reader = try publication.makeReader()
        let place = Mutex<Reader?>(reader)
        DispatchQueue.global().async(group: group) {
            place.withLock { place in
                guard let reader = place.take() else { return }
                withPacket(bytes) { packet in
                    reader.enter()
                    _ = inet.event(.physicalIn).run(&packet, reader: reader)
                    reader.leave()
                }
            }
        }
        entered.wait()
        let errno = Mutex<Errno?>(nil)
        DispatchQueue.global().async(group: group) {
            let result = inet.errno(unregistering: "a")
            errno.withLock { $0 = result }
        }
        while !inet.event(.physicalIn).snapshot().isEmpty { sched_yield() }
        let second = Mutex<Errno?>(.canceled)
        DispatchQueue.global().async(group: group) {
            let result = inet.errno(registering: Hook(name: "a", version: 2) { _ in .pass })
            second.withLock { $0 = result }
        }
        for _ in 0..<1000 { sched_yield() }
        #expect(second.withLock { $0 } == .canceled)
        release.signal()
        group.wait()
        #expect(errno.withLock { $0 } == nil)
        #expect(second.withLock { $0 } == nil)
        #expect(value("version", of: "a") == .int32(2))
        #expect(counters() == [.uint64(2), .uint64(1), .uint64(1)])
        try inet.unregister("a", from: .physicalIn)
        #expect(hookNames() == [])
    }

    @Test(
        "Registering and unregistering on several threads leaves a kstat for each hook that is there, and no other",
        .timeLimit(.minutes(1)))
    func parallelRegistrations() throws {
        let inet = inet
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for round in 0..<200 {
                let name = "shared \(round % 3)"
                if (round + thread) % 2 == 0 {
                    _ = inet.errno(registering: .passing(name))
                } else {
                    _ = inet.errno(unregistering: name)
                }
            }
        }
        #expect(hookNames() == inet.event(.physicalIn).snapshot().map(\.name).sorted())
    }

    @Test("Nobody can write these kstats (R189)")
    func readOnly() throws {
        try inet.register(.passing("a"), on: .physicalIn)
        for kstat in sample.netinfo.kstats.snapshot() { #expect(!kstat.flags.contains(.writable)) }
    }
}
