// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import SystemPackage
import Testing

/// When the provider hears that an event's packets are wanted (`he_interested`: R45, R50, R87).
struct ProviderInterestTests {
    private let sample: SampleInstance

    init() throws {
        sample = try SampleInstance()
    }

    private static let events = NetworkFamily.ip.flatMap { family in
        NetworkEvent.physical.map { (family, $0) }
    }

    @Test(
        "True with an event's first hook, false with its last, nothing in between, nothing about others",
        arguments: events)
    func transitions(family: NetworkFamily, event: NetworkEvent) throws {
        let handle = sample.instance.protocolHandle(family)
        let wanted = FakeProvider.Call(interested: true, netid: .global, family: family, event: event)
        let unwanted = FakeProvider.Call(interested: false, netid: .global, family: family, event: event)
        #expect(sample.provider.calls == [])

        try handle.register(.passing("a"), on: event)
        #expect(sample.provider.calls == [wanted])
        for (otherFamily, otherEvent) in Self.events {
            let isInterested = sample.instance.protocolHandle(otherFamily).event(otherEvent).isInterested
            #expect(isInterested == (otherFamily == family && otherEvent == event))
        }
        try handle.register(.passing("b", hint: .first), on: event)
        try handle.unregister("a", from: event)
        #expect(sample.provider.calls == [wanted])

        try handle.unregister("b", from: event)
        #expect(sample.provider.calls == [wanted, unwanted])
        #expect(!handle.event(event).isInterested)

        try handle.register(.passing("a"), on: event)
        #expect(sample.provider.calls == [wanted, unwanted, wanted])
    }

    @Test("Failed calls tell the provider nothing")
    func failures() throws {
        try sample.inet.register(.passing("a"), on: .physicalIn)
        let calls = sample.provider.calls
        #expect(sample.inet.errno(registering: .passing("a")) == .fileExists)
        #expect(sample.inet.errno(registering: .passing("b", hint: Hint(code: 5)), on: "PHYSICAL_OUT") != nil)
        #expect(sample.inet.errno(unregistering: "b") != nil)
        #expect(sample.provider.calls == calls)
    }

    @Test("Trouble of the provider on the way out doesn't keep the hook")
    func troubleOnTheWayOut() throws {
        sample.provider.react { call throws(NetiError) in
            if !call.interested { throw NetiError(.permissionDenied, "no table") }
        }
        try sample.inet.register(.passing("a"), on: .physicalIn)
        try sample.inet.unregister("a", from: .physicalIn)
        #expect(!sample.inet.event(.physicalIn).isInterested)
        #expect(sample.netinfo.kstatNames("inet/PHYSICAL_IN", visibleIn: .global) == [])
    }

    @Test("A packet that comes after the last hook has gone passes (R87)")
    func packetForAnEmptyEvent() throws {
        try sample.inet.register(Hook(name: "a") { _ in .drop }, on: .physicalIn)
        #expect(try sample.run() == .drop)
        try sample.inet.unregister("a", from: .physicalIn)
        #expect(try sample.run() == .pass)
    }
}
