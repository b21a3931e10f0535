// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

@testable import NetiLinux

/// What NI_DIRECT_OUT remembers of next hops and of the interfaces to them.
struct NeighbourTableTests {
    private let table = NeighbourTable()
    private let hop = NeighbourKey(interface: 3, address: IPAddress(v4: 0xC000_0202))
    private let address: LinkLayerAddress

    init() throws {
        address = try #require(LinkLayerAddress(0x0200_5E00_5301_0000, length: 6))
        _ = table.publish(address, of: hop)
    }

    @Test("a next hop is known once it is published, until it is removed")
    func knows() {
        #expect(table.address(of: hop) == address)
        table.remove(hop)
        #expect(table.address(of: hop) == nil)
    }

    @Test("the interface need not be looked at again while nothing has changed, for packets that it takes")
    func checked() {
        #expect(table.address(of: hop, length: 100, generation: 7) == nil)
        table.note(mtu: 1500, generation: 7, for: hop)
        #expect(table.address(of: hop, length: 1500, generation: 7) == address)
        #expect(table.address(of: hop, length: 1501, generation: 7) == nil)
        #expect(table.address(of: hop, length: 1500, generation: 8) == nil)
    }

    @Test("another address, or none, ends what was noted")
    func forgets() throws {
        table.note(mtu: 1500, generation: 7, for: hop)
        let other = try #require(LinkLayerAddress(0x0200_5E00_5302_0000, length: 6))
        _ = table.publish(other, of: hop)
        #expect(table.address(of: hop, length: 100, generation: 7) == nil)
        #expect(table.address(of: hop) == other)
        table.note(mtu: 1500, generation: 7, for: hop)
        #expect(table.address(of: hop, length: 100, generation: 7) == other)
        table.remove(hop)
        #expect(table.address(of: hop, length: 100, generation: 7) == nil)
    }

    @Test("nobody takes the short way while a packet is on the long one")
    func waits() {
        table.note(mtu: 1500, generation: 7, for: hop)
        table.beginWaiting(for: hop)
        #expect(table.address(of: hop, length: 100, generation: 7) == nil)
        table.endWaiting(for: hop)
        #expect(table.address(of: hop, length: 100, generation: 7) == address)
    }

    @Test("an MTU beyond what IP has counts as that")
    func largeMTU() {
        table.note(mtu: 70000, generation: 7, for: hop)
        #expect(table.address(of: hop, length: 65535, generation: 7) == address)
    }
}
