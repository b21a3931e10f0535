// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import NetiLinux
import Packet
import Synchronization
import Testing
import Witnesses

/// The table of link-layer addresses that hooks look at while another thread writes it.
@Suite struct NeighbourTableTests {
    func key(_ number: UInt64, interface: UInt32 = 7) -> NeighbourKey {
        NeighbourKey(interface: interface, address: IPAddress(v6High: 0x2001_0DB8_0000_0000, low: number))
    }

    func address(_ number: UInt64) throws -> LinkLayerAddress {
        try #require(LinkLayerAddress(0x0200_0000_0000_0000 | number << 16, length: 6))
    }

    @Test("What was published is found, replaced, and gone once it is removed")
    func publish() throws {
        let table = NeighbourTable()
        #expect(table.address(of: key(1)) == nil)
        table.remove(key(1))
        #expect(table.publish(try address(1), of: key(1)) == nil)
        #expect(try table.address(of: key(1)) == address(1))
        #expect(table.publish(try address(2), of: key(1)) == nil)
        #expect(try table.address(of: key(1)) == address(2))
        table.remove(key(1))
        #expect(table.address(of: key(1)) == nil)
    }

    @Test("Interface, family and every bit of the address count")
    func keys() throws {
        let table = NeighbourTable()
        _ = table.publish(try address(1), of: key(1))
        #expect(table.address(of: key(1, interface: 8)) == nil)
        #expect(table.address(of: key(3)) == nil)
        #expect(
            table.address(of: NeighbourKey(interface: 7, address: IPAddress(v6High: 0x2001_0DB8_0000_0001, low: 1)))
                == nil)
        let v4 = NeighbourKey(interface: 7, address: IPAddress(v4: 1))
        let v6 = NeighbourKey(interface: 7, address: IPAddress(v6High: 0, low: 1))
        _ = table.publish(try address(4), of: v4)
        #expect(table.address(of: v6) == nil)
        #expect(try table.address(of: v4) == address(4))
    }

    @Test("A full table gives up others, and says which; what it still has is right")
    func eviction() throws {
        let table = NeighbourTable()
        var expected: [UInt64: LinkLayerAddress] = [:]
        for number in 0..<5000 as Range<UInt64> {
            let known = try address(number)
            let evicted = table.publish(known, of: key(number))
            expected[number] = known
            if let evicted { try #require(expected.removeValue(forKey: evicted.address.low) != nil) }
        }
        #expect(expected.count > 300 && expected.count <= 512)
        for number in 0..<5000 as Range<UInt64> { #expect(table.address(of: key(number)) == expected[number]) }
    }

    @Test("While a packet waits for a next hop, none overtakes it")
    func waiting() throws {
        let table = NeighbourTable()
        _ = table.publish(try address(1), of: key(1))
        table.beginWaiting(for: key(1))
        table.beginWaiting(for: key(1))
        #expect(table.address(of: key(1)) == nil)
        table.endWaiting(for: key(1))
        #expect(table.address(of: key(1)) == nil)
        table.endWaiting(for: key(1))
        #expect(try table.address(of: key(1)) == address(1))
    }

    @Test("Use is told once")
    func use() throws {
        let table = NeighbourTable()
        #expect(!table.takeUse(of: key(1)))
        _ = table.publish(try address(1), of: key(1))
        #expect(table.takeUse(of: key(1)))
        #expect(!table.takeUse(of: key(1)))
        _ = table.address(of: key(1))
        #expect(table.takeUse(of: key(1)))
        #expect(!table.takeUse(of: key(1)))
    }

    /// Every address that a next hop ever has is made from its key, so a torn one would show.
    @Test("Readers see a whole address or none while it is written")
    func readersAndWriter() throws {
        let table = NeighbourTable()
        let tally = Tally()
        let readers = (0..<2 as Range<UInt64>).map { reader in
            TestThread {
                var number = reader
                while !tally.isOver.load(ordering: .relaxed) {
                    number = (number + 1) & 0xF
                    guard let address = table.address(of: Self.shared(number)) else { continue }
                    tally.found.wrappingAdd(1, ordering: .relaxed)
                    let bytes = address.rawValue >> 16
                    if bytes & 0xFF != number || bytes >> 8 & 0xFF != bytes >> 16 & 0xFF {
                        tally.wrong.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }
        }
        var round: UInt64 = 0
        while round < 20_000 || tally.found.load(ordering: .relaxed) < 1000 {
            let number = round & 0xF
            let generation = round >> 4 & 0xFF
            let bytes = generation << 16 | generation << 8 | number
            if let address = LinkLayerAddress(bytes << 16, length: 6) {
                _ = table.publish(address, of: Self.shared(number))
            }
            if round & 0x3F == 0x3F { table.remove(Self.shared(number ^ 5)) }
            round += 1
        }
        tally.isOver.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(tally.wrong.load(ordering: .relaxed) == 0)
    }

    private final class Tally: Sendable {
        let isOver = Atomic(false)
        let wrong = Atomic(0)
        let found = Atomic(0)
    }

    private static func shared(_ number: UInt64) -> NeighbourKey {
        NeighbourKey(interface: UInt32(number) + 1, address: IPAddress(v4: UInt32(number)))
    }
}
