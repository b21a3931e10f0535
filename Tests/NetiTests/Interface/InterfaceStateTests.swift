// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// What changes of interfaces and addresses become as events of `NIC_EVENTS`.
struct InterfaceStateTests {
    /// Changes that come one after the other, and the events of one family that follow.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var family = NetworkFamily.inet
        var before: [InterfaceChange] = []
        let changes: [InterfaceChange]
        let events: [String]
    }

    private typealias Script = EventScript

    static let cases = [
        Case(
            testDescription: "Plumb, address, up of a fresh interface (R196)",
            changes: [Script.link("eth0"), Script.address("192.0.2.1"), Script.link("eth0", up: true)],
            events: ["2 PLUMB eth0", "2.1 ADDRESS_CHANGE 192.0.2.1", "2 UP", "2.1 LIF_UP"]),
        Case(
            testDescription: "An interface that is up before it has an address",
            changes: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            events: ["2 PLUMB eth0", "2 UP", "2.1 ADDRESS_CHANGE 192.0.2.1", "2.1 LIF_UP"]),
        Case(
            testDescription: "Down of an interface: its addresses first (R196)",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1"), Script.address("192.0.2.2")],
            changes: [Script.link("eth0"), Script.link("eth0", up: true)],
            events: ["2.1 LIF_DOWN", "2.2 LIF_DOWN", "2 DOWN", "2 UP", "2.1 LIF_UP", "2.2 LIF_UP"]),
        Case(
            testDescription: "Unplumb of an interface that is up; the event carries the name (R196, R193)",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [Script.gone()], events: ["2.1 LIF_DOWN", "2 DOWN", "2 UNPLUMB eth0"]),
        Case(
            testDescription: "Unplumb as Linux tells it: down, addresses gone, interface gone",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [Script.link("eth0"), Script.addressGone("192.0.2.1"), Script.gone()],
            events: ["2.1 LIF_DOWN", "2 DOWN", "2 UNPLUMB eth0"]),
        Case(
            testDescription: "Another address in place of the first (R195)",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [Script.addressGone("192.0.2.1"), Script.address("192.0.2.9")],
            events: ["2.1 LIF_DOWN", "2.1 ADDRESS_CHANGE 192.0.2.9", "2.1 LIF_UP"]),
        Case(
            testDescription: "Further addresses go up and down without a change of address (R197)",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [
                Script.address("192.0.2.2"), Script.address("192.0.2.3"), Script.addressGone("192.0.2.2"),
                Script.address("192.0.2.4"),
            ],
            events: ["2.2 LIF_UP", "2.3 LIF_UP", "2.2 LIF_DOWN", "2.2 LIF_UP"]),
        Case(
            testDescription: "Numbers are stable: others that go don't move an address (R10, R11)",
            before: [
                Script.link("eth0", up: true), Script.address("192.0.2.1"), Script.address("192.0.2.2"),
                Script.address("192.0.2.3"),
            ],
            changes: [Script.addressGone("192.0.2.1"), Script.addressGone("192.0.2.2"), Script.link("eth0")],
            events: ["2.1 LIF_DOWN", "2.2 LIF_DOWN", "2.3 LIF_DOWN", "2 DOWN"]),
        Case(
            testDescription: "Carrier is nothing (R194), nor is another MTU",
            before: [Script.link("eth0", up: true)],
            changes: [
                Script.link("eth0", up: true, running: true), Script.link("eth0", up: true),
                Script.link("eth0", up: true, mtu: 9000),
            ], events: []),
        Case(
            testDescription: "A rename has no event", before: [Script.link("eth0")],
            changes: [Script.link("wan"), Script.gone()], events: ["2 UNPLUMB wan"]),
        Case(
            testDescription: "Loopback gets no UP and no DOWN (R196)",
            changes: [
                Script.link("lo", loopback: true), Script.link("lo", up: true, loopback: true),
                Script.address("127.0.0.1"), Script.link("lo", loopback: true), Script.gone(),
            ],
            events: ["2 PLUMB lo", "2.1 ADDRESS_CHANGE 127.0.0.1", "2.1 LIF_UP", "2.1 LIF_DOWN", "2 UNPLUMB lo"]),
        Case(
            testDescription: "The same address with another peer is another address",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [Script.address("192.0.2.1", peer: "192.0.2.7"), Script.addressGone("192.0.2.1")],
            events: ["2.2 LIF_UP", "2.1 LIF_DOWN"]),
        Case(
            testDescription: "What is told twice, or of what isn't there, is nothing",
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [
                Script.link("eth0", up: true), Script.address("192.0.2.1"), Script.addressGone("192.0.2.2"),
                Script.address("192.0.2.1", on: 9), Script.addressGone("192.0.2.1", on: 9), Script.gone(9),
            ], events: []),
        Case(
            testDescription: "IPv6: up at the end of duplicate address detection", family: .inet6,
            before: [Script.link("eth0", up: true)],
            changes: [
                Script.address("2001:db8::1", tentative: true), Script.address("2001:db8::1"),
                Script.addressGone("2001:db8::1"),
            ], events: ["2.1 ADDRESS_CHANGE 2001:db8::1", "2.1 LIF_UP", "2.1 LIF_DOWN"]),
        Case(
            testDescription: "IPv6: an address that another host has never goes up", family: .inet6,
            before: [Script.link("eth0", up: true)],
            changes: [Script.address("2001:db8::1", tentative: true), Script.addressGone("2001:db8::1")],
            events: ["2.1 ADDRESS_CHANGE 2001:db8::1"]),
        Case(
            testDescription: "IPv6: detection that is run again gives another LIF_UP without LIF_DOWN (R194)",
            family: .inet6, before: [Script.link("eth0", up: true), Script.address("2001:db8::1")],
            changes: [Script.address("2001:db8::1", tentative: true), Script.address("2001:db8::1")],
            events: ["2.1 LIF_UP"]),
        Case(
            testDescription: "IPv6: an address that stays over a down waits for its detection", family: .inet6,
            before: [Script.link("eth0", up: true), Script.address("2001:db8::1")],
            changes: [
                Script.link("eth0"), Script.link("eth0", up: true), Script.address("2001:db8::1", tentative: true),
                Script.address("2001:db8::1"),
            ], events: ["2.1 LIF_DOWN", "2 DOWN", "2 UP", "2.1 LIF_UP"]),
        Case(
            testDescription: "IPv6: down as Linux tells it, the addresses go afterwards", family: .inet6,
            before: [Script.link("eth0", up: true), Script.address("2001:db8::1")],
            changes: [Script.link("eth0"), Script.addressGone("2001:db8::1")], events: ["2.1 LIF_DOWN", "2 DOWN"]),
        Case(
            testDescription: "Each family has numbers and events of its own (R192)", family: .inet6,
            before: [Script.link("eth0", up: true), Script.address("192.0.2.1")],
            changes: [Script.address("2001:db8::1"), Script.address("192.0.2.2"), Script.gone()],
            events: [
                "2.1 ADDRESS_CHANGE 2001:db8::1", "2.1 LIF_UP", "2.1 LIF_DOWN", "2 DOWN", "2 UNPLUMB eth0",
            ]),
    ]

    @Test("Changes make the events of the original", arguments: cases)
    func events(_ example: Case) {
        var state = InterfaceState()
        for change in example.before { _ = state.apply(change, in: .global) }
        let events = example.changes.flatMap { state.apply($0, in: .global) }
        let lines = events.filter { $0.family == example.family }.map(\.line)
        #expect(lines == example.events.map { "\(example.family) \($0)" })
    }

    @Test("Both protocols are told, each on its own, of the instance's interface (R192)")
    func bothFamilies() {
        var state = InterfaceState()
        let netid = NetID(rawValue: 7)
        let events = state.apply(EventScript.link("eth0", index: 5), in: netid)
        #expect(
            events == [
                NICEvent(netid: netid, family: .inet, interface: 5, change: .plumbed(name: "eth0")),
                NICEvent(netid: netid, family: .inet6, interface: 5, change: .plumbed(name: "eth0")),
            ])
    }

    @Test("Catching up with a fresh look gives the missed events in order")
    func difference() {
        var state = InterfaceState()
        for change in [
            EventScript.link("lo", index: 1, up: true, loopback: true), EventScript.link("old0", index: 3),
            EventScript.link("eth0", up: true), EventScript.address("192.0.2.1"), EventScript.address("192.0.2.2"),
        ] { _ = state.apply(change, in: .global) }
        var fresh = InterfaceState()
        for change in [
            EventScript.link("new0", index: 4, up: true), EventScript.address("198.51.100.1", on: 4),
            EventScript.link("lo", index: 1, up: true, loopback: true), EventScript.link("wan", up: true),
            EventScript.address("192.0.2.2"), EventScript.address("192.0.2.9"),
        ] { _ = fresh.apply(change, in: .global) }
        let lines = state.become(fresh, in: .global).filter { $0.family == .inet }.map(\.line)
        #expect(
            lines == [
                "inet 3 UNPLUMB old0", "inet 2.1 LIF_DOWN", "inet 2.1 ADDRESS_CHANGE 192.0.2.9", "inet 2.1 LIF_UP",
                "inet 4 PLUMB new0", "inet 4 UP", "inet 4.1 ADDRESS_CHANGE 198.51.100.1", "inet 4.1 LIF_UP",
            ])
        #expect(state.changes(to: fresh) == [])
        #expect(state.interfaces.map(\.name) == ["lo", "wan", "new0"])
        #expect(state.become(fresh, in: .global) == [])
    }
}
