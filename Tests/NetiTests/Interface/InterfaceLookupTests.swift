// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Testing

/// The look-ups of a handle (table in R53) over a known set of interfaces.
struct InterfaceLookupTests {
    private let sample: SampleInstance
    private let inet: NetworkProtocol
    private let inet6: NetworkProtocol
    private let arp: NetworkProtocol

    init() throws {
        sample = try SampleInstance()
        inet = sample.instance.protocolHandle(.inet)
        inet6 = sample.instance.protocolHandle(.inet6)
        arp = sample.instance.protocolHandle(.arp)
        var state = InterfaceState()
        for change in [
            EventScript.link("lo", index: 1, up: true, loopback: true, mtu: 65_536),
            EventScript.link("eth0", index: 4, up: true), EventScript.link("eth1", index: 7, mtu: 9000),
            EventScript.address("192.0.2.1", on: 4), EventScript.address("192.0.2.2", on: 4),
            EventScript.address("192.0.2.3", on: 4), EventScript.addressGone("192.0.2.2", on: 4),
            EventScript.address("2001:db8::1", on: 4), EventScript.address("2001:db8::2", tentative: true, on: 4),
            .address(
                InterfaceAddress(
                    IPAddress(v4: 0xCB00_7101), prefixLength: 32, peer: IPAddress(v4: 0xCB00_7102),
                    broadcast: IPAddress(v4: 0xCB00_71FF), flags: .permanent), of: 7),
        ] { _ = state.apply(change, in: .global) }
        sample.instance.interfaces.update(state)
    }

    @Test("Names and indexes, the same for all protocols, ARP too (R53, R54)")
    func interfaces() {
        for handle in [inet, inet6, arp] {
            #expect(handle.interfaceName(of: 4) == "eth0")
            #expect(handle.interfaceName(of: 5) == nil && handle.interfaceName(of: 0) == nil)
            #expect(handle.interface(named: "eth1") == 7)
            #expect(handle.interface(named: "eth") == nil && handle.interface(named: "") == nil)
            var walked: [UInt32] = []
            while let next = handle.interface(after: walked.last ?? 0) { walked.append(next) }
            #expect(walked == [1, 4, 7])
            // Where an interface was, the walk goes on.
            #expect(handle.interface(after: 2) == 4 && handle.interface(after: .max) == nil)
        }
    }

    @Test("The MTU is the device's, if the logical interface exists; 0 and 1 are the first (R10, R53, R56, R59)")
    func mtu() {
        #expect(inet.mtu(of: 4) == 1500 && inet.mtu(of: 4, logical: 1) == 1500 && inet.mtu(of: 4, logical: 3) == 1500)
        #expect(inet.mtu(of: 4, logical: 2) == nil && inet.mtu(of: 4, logical: 4) == nil)
        #expect(inet.mtu(of: 4, logical: -1) == nil && inet.mtu(of: 4, logical: .max) == nil)
        #expect(inet6.mtu(of: 4, logical: 2) == 1500 && inet6.mtu(of: 7) == 9000 && inet6.mtu(of: 7, logical: 2) == nil)
        #expect(inet.mtu(of: 5) == nil && arp.mtu(of: 4) == nil)
    }

    @Test("Address, peer, broadcast and netmask of a logical interface (R10, R55)")
    func addresses() throws {
        #expect(inet.addresses(of: 4)?.address.description == "192.0.2.1")
        #expect(inet.addresses(of: 4, logical: 1) == inet.addresses(of: 4, logical: 0))
        #expect(inet.addresses(of: 4, logical: 3)?.address.description == "192.0.2.3")
        #expect(inet.addresses(of: 4)?.netmask.description == "255.255.255.0")
        #expect(inet6.addresses(of: 4)?.netmask.description == "ffff:ffff:ffff:ffff::")
        #expect(inet6.addresses(of: 4, logical: 2)?.address.description == "2001:db8::2")
        let pointToPoint = try #require(inet.addresses(of: 7))
        #expect(pointToPoint.peer?.description == "203.0.113.2")
        #expect(pointToPoint.broadcast?.description == "203.0.113.255")
        #expect(pointToPoint.netmask.description == "255.255.255.255")
        #expect(inet.addresses(of: 4, logical: 2) == nil && inet.addresses(of: 5) == nil)
        // A first one without an address exists all the same, as after plumbing.
        #expect(inet.addresses(of: 1)?.address.description == "0.0.0.0")
        #expect(inet6.addresses(of: 7)?.address.description == "::")
        #expect(arp.addresses(of: 4) == nil)
    }

    @Test("The walk over logical interfaces (R10, R53, R57)")
    func logicalInterfaces() {
        func walk(_ handle: NetworkProtocol, _ interface: UInt32) -> [Int] {
            var walked: [Int] = []
            while let next = handle.logicalInterface(after: walked.last ?? 0, of: interface) { walked.append(next) }
            return walked
        }
        #expect(walk(inet, 4) == [1, 3] && walk(inet6, 4) == [1, 2] && walk(inet6, 7) == [1])
        #expect(walk(inet, 5) == [] && walk(arp, 4) == [])
        #expect(inet.logicalInterface(after: 2, of: 4) == nil, "one that isn't there any more ends the walk")
    }

    @Test("Flags are those of device and address together (R53)")
    func flags() {
        #expect(inet.flags(of: 7) == [.permanent])
        #expect(inet6.flags(of: 4, logical: 2) == [.up, .tentative])
        #expect(inet.flags(of: 1) == [.up, .loopback])
        #expect(inet.flags(of: 4, logical: 2) == nil && inet.flags(of: 9) == nil && arp.flags(of: 4) == nil)
    }

    @Test("The zone is the instance's (R53, R58)")
    func zone() throws {
        let netinfo = Netinfo(readers: 0)
        let table = InterfaceTable(publication: netinfo.publication, zone: 4_026_531_840)
        table.update(InterfaceState([Interface(index: 1, name: "lo")]))
        let instance = try netinfo.addInstance(
            named: "global", settings: Instance.Settings(provider: FakeProvider(), interfaces: table))
        #expect(instance.protocolHandle(.inet).zone(of: 1) == 4_026_531_840)
        #expect(instance.protocolHandle(.inet).zone(of: 2) == nil)
        #expect(instance.protocolHandle(.inet).zone(of: 1, logical: 2) == nil)
        #expect(instance.protocolHandle(.arp).zone(of: 1) == nil)
    }

    @Test("Path MTU discovery is one knob for both protocols (R53)")
    func pathMTUDiscovery() {
        for isEnabled in [false, true] {
            sample.instance.interfaces.isPathMTUDiscoveryEnabled = isEnabled
            #expect(inet.isPathMTUDiscoveryEnabled == isEnabled && inet6.isPathMTUDiscoveryEnabled == isEnabled)
        }
        #expect(arp.isPathMTUDiscoveryEnabled == nil)
    }

    @Test("A handle whose instance is gone finds nothing (R53, R157)")
    func dead() throws {
        sample.instance.interfaces.update([Route(IPAddress(v4: 0), prefixLength: 0, interface: 4)])
        #expect(inet.route(to: IPAddress(v4: 1)) != nil)
        try sample.netinfo.removeInstance(sample.instance)
        #expect(inet.interfaceName(of: 4) == nil && inet.interface(named: "eth0") == nil)
        #expect(inet.interface(after: 0) == nil && arp.interface(after: 0) == nil)
        #expect(inet.mtu(of: 4) == nil && inet.addresses(of: 4) == nil && inet.flags(of: 4) == nil)
        #expect(inet.zone(of: 4) == nil && inet.logicalInterface(of: 4) == nil)
        #expect(inet.isPathMTUDiscoveryEnabled == nil && inet.route(to: IPAddress(v4: 1)) == nil)
    }

    @Test("A hook looks things up while they are replaced, on its own thread (R60)")
    func insideAHook() throws {
        let netinfo = sample.netinfo
        let reader = try netinfo.publication.makeReader()
        reader.enter()
        #expect(inet.mtu(of: 4) == 1500)
        sample.instance.interfaces.update(InterfaceState([Interface(index: 4, name: "eth0", mtu: 1400)]))
        #expect(inet.mtu(of: 4) == 1400 && inet.interfaceName(of: 4) == "eth0")
        reader.leave()
        #expect(inet.mtu(of: 4) == 1400)
    }
}
