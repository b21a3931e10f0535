// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Synchronization
import Testing
import Witnesses

/// Addresses under which packets are injected, and what only looks like one.
struct InjectedSourcesTests {
    private let table = InjectedSources()
    private let second: UInt64 = 1_000_000_000

    private func origin(of address: UInt64, at time: UInt64 = 0) -> InjectedOrigin? {
        table.origin(of: address) { time }
    }

    /// Every field of it follows from the number, so that a mixture of two shows.
    private static func origin(_ number: UInt64) -> InjectedOrigin {
        InjectedOrigin(
            injections: UInt8(number % 63 + 1), stamps: Stamps(rawValue: UInt8(truncatingIfNeeded: number)),
            linkLayerSource: number << 16, linkLayerSourceLength: 6)
    }

    @Test("An address leads to its packet, as often as it is looked up")
    func roundTrip() {
        let origins = [
            InjectedOrigin(injections: 1, stamps: []),
            InjectedOrigin(injections: 63, stamps: Stamps(rawValue: 0xFF)),
            InjectedOrigin(
                injections: 16, stamps: Stamps(rawValue: 0x80), linkLayerSource: 0x0200_0000_0009_0000,
                linkLayerSourceLength: 6),
            InjectedOrigin(
                injections: 2, stamps: [], linkLayerSource: 0xC000_0201_0000_0000, linkLayerSourceLength: 4),
        ]
        let addresses = origins.map { table.issue(for: $0, now: 0) }
        for _ in 0..<3 { #expect(addresses.map { origin(of: $0) } == origins) }
        // Locally administered, unicast, six bytes.
        #expect(addresses.allSatisfy { $0 & 0x0300_0000_0000_FFFF == 0x0200_0000_0000_0000 })
    }

    @Test("An original address that doesn't fit is left out")
    func longOriginal() {
        let long = InjectedOrigin(injections: 1, stamps: [], linkLayerSource: .max, linkLayerSourceLength: 8)
        #expect(origin(of: table.issue(for: long, now: 0)) == InjectedOrigin(injections: 1, stamps: []))
    }

    @Test("An address that differs in any one bit is nobody's, in a full table")
    func similar() {
        let addresses = (0..<InjectedSources.capacity).map { table.issue(for: Self.origin(UInt64($0)), now: 0) }
        #expect(Set(addresses).count == addresses.count)
        for address in addresses.prefix(500) {
            for bit in 0..<UInt64(64) { #expect(origin(of: address ^ 1 << bit) == nil) }
        }
        for foreign: UInt64 in [0, .max, 0x0200_0000_0001_0000, 0xFFFF_FFFF_FFFF_0000, 0x3333_0000_0001_0000] {
            #expect(origin(of: foreign) == nil)
        }
    }

    @Test("An entry lives until as many others were made as there is room for")
    func overwritten() {
        let first = table.issue(for: Self.origin(0), now: 0)
        let later = (1..<UInt64(InjectedSources.capacity)).map { table.issue(for: Self.origin($0), now: 0) }
        #expect(origin(of: first) == Self.origin(0))
        _ = table.issue(for: Self.origin(1), now: 0)
        #expect(origin(of: first) == nil)
        #expect(zip(1..., later).allSatisfy { origin(of: $1) == Self.origin($0) })
    }

    @Test("An address expires, whatever time it is", arguments: [0, 1 << 40, 1 << 55 - 1, 1 << 62] as [UInt64])
    func expiry(_ start: UInt64) {
        let address = table.issue(for: Self.origin(7), now: start)
        #expect(origin(of: address, at: start) == Self.origin(7))
        #expect(origin(of: address, at: start + InjectedOrigin.lifetime - second) == Self.origin(7))
        #expect(origin(of: address, at: start + InjectedOrigin.lifetime + second) == nil)
        #expect(origin(of: address, at: start + 100_000 * second) == nil)
    }

    @Test("Addresses can't be told from each other: every bit is one about half the time")
    func distribution() {
        let count = 4096
        var ones = [Int](repeating: 0, count: 64)
        for _ in 0..<count {
            let address = table.issue(for: Self.origin(1), now: 0)
            for bit in 0..<64 where address >> UInt64(bit) & 1 == 1 { ones[bit] += 1 }
        }
        for bit in 16..<64 where bit != 56 && bit != 57 {
            // Seven standard deviations.
            #expect(abs(ones[bit] - count / 2) < 224, "bit \(bit): \(ones[bit])")
        }
    }

    @Test("Readers never see two entries mixed, while the table is overwritten again and again")
    func concurrent() {
        let table = table
        let latest = Atomic<UInt64>(table.issue(for: Self.origin(1), now: 0))
        let isOver = Atomic(false)
        let found = Atomic(0)
        let mixed = Atomic(0)
        let readers = (0..<3).map { _ in
            TestThread {
                while !isOver.load(ordering: .relaxed) {
                    guard let origin = table.origin(of: latest.load(ordering: .relaxed), now: { 0 }) else { continue }
                    if origin == Self.origin(origin.linkLayerSource >> 16) {
                        found.wrappingAdd(1, ordering: .relaxed)
                    } else {
                        mixed.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }
        }
        var number: UInt64 = 2
        // Until readers had their turn: on a busy machine that may be a while.
        while number < 400_000 || found.load(ordering: .relaxed) == 0 && number < 400_000_000 {
            latest.store(table.issue(for: Self.origin(number), now: 0), ordering: .relaxed)
            number += 1
        }
        isOver.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(mixed.load(ordering: .relaxed) == 0)
        #expect(found.load(ordering: .relaxed) > 0)
    }
}
