// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Synchronization
import Testing

/// Who hears of interfaces, and when.
struct InterfaceTableTests {
    private let table = InterfaceTable()

    private let lo = Interface(index: 1, name: "lo")
    private let eth0 = Interface(index: 2, name: "eth0")

    /// Notes the names of what it gets.
    private final class Listener: Sendable {
        private let lists = Mutex<[[String]]>([])

        var heard: [[String]] { lists.withLock { $0 } }

        func hear(_ interfaces: [Interface]) {
            lists.withLock { $0.append(interfaces.map(\.name)) }
        }
    }

    @Test("An observer is called at once, also when there is nothing yet")
    func atOnce() {
        let early = Listener()
        _ = table.addObserver(early.hear)
        #expect(early.heard == [[]])
        table.update(InterfaceState([lo]))
        let late = Listener()
        _ = table.addObserver(late.hear)
        #expect(late.heard == [["lo"]])
        #expect(early.heard == [[], ["lo"]])
    }

    @Test("Appearing, renaming, renumbering and disappearing are changes; the same set in another order is none")
    func onChangeOnly() {
        let listener = Listener()
        _ = table.addObserver(listener.hear)
        table.update(InterfaceState([]))
        table.update(InterfaceState([eth0, lo]))
        table.update(InterfaceState([lo, eth0]))
        table.update(InterfaceState([eth0, lo]))
        table.update(InterfaceState([lo, Interface(index: 2, name: "wan")]))
        table.update(InterfaceState([lo, Interface(index: 3, name: "wan")]))
        table.update(InterfaceState([lo]))
        table.update(InterfaceState([lo]))
        #expect(listener.heard == [[], ["lo", "eth0"], ["lo", "wan"], ["lo", "wan"], ["lo"]])
    }

    @Test("Interfaces are listed by index")
    func order() {
        table.update(InterfaceState([Interface(index: 10, name: "a"), eth0, lo]))
        #expect(table.current.map(\.index) == [1, 2, 10])
    }

    @Test("What a packet needs to know of an interface is found by index")
    func link() throws {
        let address = try #require(LinkLayerAddress(0x0200_0000_0009_FFFF, length: 6))
        #expect((address.rawValue, address.length) == (0x0200_0000_0009_0000, 6))
        #expect(LinkLayerAddress(0, length: 0) == nil && LinkLayerAddress(0, length: 9) == nil)
        #expect(LinkLayerAddress(.max, length: 8)?.rawValue == .max)
        let tunnel = Interface(index: 3, name: "tun0", flags: [.up, .noARP], mtu: 1400, linkType: 65534)
        let ethernet = Interface(index: 2, name: "eth0", mtu: 1500, linkType: 1, linkAddress: address)
        table.update(InterfaceState([ethernet, tunnel]))
        #expect(table.link(of: 2) == InterfaceLink(type: 1, address: address, flags: [], mtu: 1500))
        #expect(table.link(of: 3) == InterfaceLink(type: 65534, address: nil, flags: [.up, .noARP], mtu: 1400))
        #expect(table.link(of: 1) == nil && table.link(of: 0) == nil)
    }

    @Test("The broadcast addresses of an interface, given or not")
    func broadcasts() throws {
        var state = InterfaceState([Interface(index: 2, name: "eth0")])
        func add(_ text: String, _ prefix: UInt8, peer: String? = nil, broadcast: String? = nil) {
            let address = InterfaceAddress(
                IPAddress(text) ?? IPAddress(v4: 0), prefixLength: prefix, peer: peer.flatMap { IPAddress($0) },
                broadcast: broadcast.flatMap { IPAddress($0) })
            _ = state.apply(.address(address, of: 2), in: .global)
        }
        add("192.0.2.1", 25)
        add("198.51.100.1", 24, broadcast: "198.51.100.99")
        add("203.0.113.0", 31)
        add("203.0.113.9", 30, peer: "203.0.113.17")
        add("203.0.113.32", 32)
        add("2001:db8::1", 64)
        table.update(state)
        func isBroadcast(_ text: String, _ interface: UInt32 = 2) throws -> Bool {
            table.broadcastAddresses(of: interface).contains(try #require(IPAddress(text)))
        }
        for address in ["192.0.2.127", "198.51.100.99", "198.51.100.255", "203.0.113.19"] {
            #expect(try isBroadcast(address), "\(address)")
            #expect(try !isBroadcast(address, 3))
        }
        for address in [
            "192.0.2.1", "192.0.2.255", "192.0.2.126", "203.0.113.1", "203.0.113.11", "203.0.113.32", "0.0.0.127",
            "2001:db8::ffff:ffff:ffff:ffff",
        ] {
            #expect(try !isBroadcast(address), "\(address)")
        }
    }

    @Test("A removed observer hears nothing more, the others go on")
    func removal() {
        let leaving = Listener()
        let staying = Listener()
        let number = table.addObserver(leaving.hear)
        _ = table.addObserver(staying.hear)
        table.update(InterfaceState([lo]))
        table.removeObserver(number)
        table.update(InterfaceState([lo, eth0]))
        #expect(leaving.heard == [[], ["lo"]])
        #expect(staying.heard == [[], ["lo"], ["lo", "eth0"]])
        table.removeObserver(number)
        table.update(InterfaceState([]))
        #expect(staying.heard.last == [])
    }

    @Test("A removed observer is released")
    func release() {
        let number: Int
        weak var observed: Listener?
        do {
            let listener = Listener()
            observed = listener
            number = table.addObserver { listener.hear($0) }
        }
        #expect(observed != nil)
        table.removeObserver(number)
        #expect(observed == nil)
    }
}
