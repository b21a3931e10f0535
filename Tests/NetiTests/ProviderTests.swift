// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import SystemPackage
import Testing
import Witnesses

/// Protocols of other providers, found and gone (R2, R5 to R9, R25 to R40, R105, R127).
struct ProviderTests {
    private struct Frame: ~Copyable {
        var link: Int
    }

    private let netinfo = Netinfo(readers: 1)
    private let heard = HeardLines()
    private let blue: Instance

    init() throws {
        blue = try netinfo.addInstance(named: "blue", settings: .init(provider: FakeProvider()))
    }

    private func makeEvent(_ name: String) -> HookEvent<Frame> {
        HookEvent(
            family: "viona", name: name, ordering: .documented, publication: netinfo.publication, limit: 9
        ) { _ in }
    }

    private func shown(_ handles: [ProtocolHandle]) -> [String] { handles.map(\.name) }

    @Test("Protocols are walked IPv4, ARP, IPv6, a later one behind the first (R6, R7, R31)")
    func walk() throws {
        #expect(shown(netinfo.protocols(in: blue.netid)) == ["NHF_INET", "NHF_ARP", "NHF_INET6"])
        _ = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        #expect(shown(netinfo.protocols(in: blue.netid)) == ["NHF_INET", "NHF_VIONA", "NHF_ARP", "NHF_INET6"])
        #expect(netinfo.protocols(in: .global).isEmpty)
        try netinfo.shutDown(blue)
        #expect(netinfo.protocols(in: blue.netid).isEmpty)
    }

    @Test("What a provider leaves behind keeps no kstat when its instance is gone, and the next instance has its own")
    func leftBehind() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.registerEvent(makeEvent("RX"))
        try handle.register(Hook<Frame>(name: "h") { _ in .pass }, onEventNamed: "RX")
        try netinfo.removeInstance(blue)
        #expect(netinfo.kstats.snapshot().map(\.name) == [])
    }

    @Test("A protocol is found by exact name, the same object each time, until it is unregistered (R26 to R30)")
    func lookup() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        #expect(netinfo.protocolHandle(named: "NHF_VIONA", in: blue.netid) === handle)
        #expect(netinfo.protocolHandle(named: "viona", in: blue.netid) == nil)
        #expect(netinfo.protocolHandle(named: "NHF_VIONA", in: .global) == nil)
        #expect(handle.liveNetID == blue.netid)
        handle.unregister()
        #expect(netinfo.protocolHandle(named: "NHF_VIONA", in: blue.netid) == nil)
        #expect(handle.liveNetID == nil)
        handle.unregister()
    }

    @Test("A handle is freed with its last holder, also one whose instance died first (R2, R30)")
    func freed() throws {
        weak var handle: ProtocolHandle?
        do {
            let held = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
            handle = held
            try held.registerFamily(HookFamily(name: "viona"))
            try held.registerEvent(makeEvent("PHYSICAL_IN"))
            try netinfo.removeInstance(blue)
            #expect(handle === held)
        }
        #expect(handle == nil)
    }

    @Test("A provider's own events run hooks for its own data, show kstats and are told (R36, R45, R105)")
    func ownData() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        let protocols = heard.callback("C"), events = heard.callback("P"), hooks = heard.callback("E")
        try netinfo.register(protocols, in: blue.netid)
        _ = heard.take()
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.register(events)
        let token = makeEvent("PHYSICAL_IN")
        try handle.registerEvent(token)
        try handle.register(hooks, onEventNamed: "PHYSICAL_IN")
        try handle.register(
            Hook<Frame>(name: "count") { frame in
                frame.link += 1
                return .pass
            }, onEventNamed: "PHYSICAL_IN")
        #expect(
            heard.take() == [
                "C REGISTER 1 - viona", "P REGISTER viona - PHYSICAL_IN", "E REGISTER viona PHYSICAL_IN count",
            ])
        let reader = try netinfo.publication.makeReader()
        var frame = Frame(link: 41)
        reader.enter()
        #expect(token.run(&frame, reader: reader) == .pass)
        reader.leave()
        #expect(frame.link == 42)
        #expect(netinfo.kstatNames("viona", visibleIn: blue.netid) == ["PHYSICAL_IN"])
        #expect(netinfo.kstatNames("viona/PHYSICAL_IN", visibleIn: blue.netid) == ["count"])
    }

    @Test("A hook's kstat is there when callbacks hear that it came, and still when they hear that it went (R45, R50)")
    func kstatsBeforeCallbacks() throws {
        let inet = blue.protocolHandle(.inet)
        try inet.register(
            NotifyCallback { [netinfo, heard, blue] notification in
                let names = netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: blue.netid)
                heard.add("\(notification.command) \(names)")
            }, onEventNamed: "PHYSICAL_IN")
        try inet.register(.passing("a"), on: .physicalIn)
        try inet.unregister("a", from: .physicalIn)
        #expect(heard.take() == ["register [\"a\"]", "unregister [\"a\"]"])
        #expect(netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: blue.netid) == [])
    }

    @Test("An event that is unregistered with a hook on it goes, with its kstat, when the hook goes (R37, R40)")
    func condemnedEvent() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.registerEvent(makeEvent("PHYSICAL_IN"))
        try handle.register(Hook<Frame>(name: "a") { _ in .pass }, onEventNamed: "PHYSICAL_IN")
        try handle.unregisterEvent(named: "PHYSICAL_IN")
        #expect(netinfo.kstatNames("viona", visibleIn: blue.netid) == ["PHYSICAL_IN"])
        #expect(netinfo.kstatNames("viona/PHYSICAL_IN", visibleIn: blue.netid) == ["a"])
        try handle.unregister("a", fromEventNamed: "PHYSICAL_IN")
        #expect(netinfo.kstatNames("viona", visibleIn: blue.netid) == [])
        #expect(netinfo.kstatNames("viona/PHYSICAL_IN", visibleIn: blue.netid) == [])
        let error = #expect(throws: NetiError.self) { try handle.unregisterEvent(named: "PHYSICAL_IN") }
        #expect(error?.errno == .noSuchProcess)
    }

    @Test("A family's going is told once, by shutdown or by unregister (R34, R35); an event's too (R38, R39)")
    func toldOnce() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        try netinfo.register(heard.callback("C"), in: blue.netid)
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.register(heard.callback("P"))
        try handle.registerEvent(makeEvent("PHYSICAL_IN"))
        _ = heard.take()
        try handle.shutDownEvent(named: "PHYSICAL_IN")
        try handle.shutDownEvent(named: "PHYSICAL_IN")
        try handle.unregisterEvent(named: "PHYSICAL_IN")
        try handle.shutDownFamily(named: "viona")
        try handle.unregisterFamily(named: "viona")
        #expect(heard.take() == ["P UNREGISTER viona - PHYSICAL_IN", "C UNREGISTER 1 - viona"])
        #expect(handle.hookFamily == nil)
    }

    @Test("A callback that hears of a family can use its handle at once (R32, R136, R140)")
    func usableWhenTold() throws {
        let handle = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        try netinfo.register(
            NotifyCallback { [heard] notification in
                guard notification.command == .register, notification.name3 == "viona" else { return }
                heard.add(handle.hookFamily?.name ?? "none")
                try? handle.register(heard.callback("P"))
            }, in: blue.netid)
        try handle.registerFamily(HookFamily(name: "viona"))
        try handle.registerEvent(makeEvent("PHYSICAL_IN"))
        #expect(heard.take() == ["viona", "P REGISTER viona - PHYSICAL_IN"])
    }

    @Test("The events of the IP protocols and ARP, newest first, and which are read-only (R6, R8, R9)")
    func eventsOfIP() {
        func shown(_ family: NetworkFamily) -> [String]? {
            blue.protocolHandle(family).hookFamily?.events.map { $0.name + ($0.flags == .readOnly ? " ro" : "") }
        }
        let ip = [
            "OBSERVING ro", "NIC_EVENTS ro", "LOOPBACK_OUT", "LOOPBACK_IN", "FORWARDING", "PHYSICAL_OUT", "PHYSICAL_IN",
        ]
        #expect(shown(.inet) == ip)
        #expect(shown(.inet6) == ip)
        #expect(shown(.arp) == ["NIC_EVENTS", "PHYSICAL_OUT", "PHYSICAL_IN"])
    }
}
