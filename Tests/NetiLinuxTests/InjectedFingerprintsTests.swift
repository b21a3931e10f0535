// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Synchronization
import Testing
import Witnesses

/// Packets that are known by their bytes.
struct InjectedFingerprintsTests {
    private let table = InjectedFingerprints()
    private let second: UInt64 = 1_000_000_000

    private func note(_ packet: [UInt8], _ origin: InjectedOrigin = Self.once, at time: UInt64 = 0) {
        table.note(packet, origin, at: time)
    }

    private func take(_ packet: [UInt8], at time: UInt64 = 0) -> InjectedOrigin? {
        table.take(packet) { time }
    }

    private static let once = InjectedOrigin(injections: 1, stamps: [])

    /// A packet that differs from that of every other number.
    private static func packet(_ number: Int, length: Int = 60) -> [UInt8] {
        (0..<length).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> ($0 * 8)) : UInt8(truncatingIfNeeded: $0) }
    }

    @Test("A packet is known as often as it was noted", arguments: [1, 2, 64, 5000])
    func usedUp(_ count: Int) {
        let packet = Self.packet(1)
        for _ in 0..<count { note(packet) }
        for _ in 0..<count { #expect(take(packet) == Self.once) }
        #expect(take(packet) == nil)
        // And again, in a place that was used before.
        note(packet)
        #expect(take(packet) == Self.once && take(packet) == nil)
    }

    @Test("Injections and stamps come back, of identical packets in any order")
    func origins() {
        let packet = Self.packet(2, length: 1500)
        let one = InjectedOrigin(injections: 63, stamps: Stamps(rawValue: 0xFF))
        let other = InjectedOrigin(injections: 1, stamps: Stamps(rawValue: 1))
        note(packet, one)
        note(packet, other)
        let taken = [take(packet), take(packet)]
        #expect(taken == [one, other] || taken == [other, one])
        #expect(take(packet) == nil)
    }

    @Test("A packet that only looks alike is nobody's", arguments: [20, 61, 1500])
    func similar(_ length: Int) {
        let packet = Self.packet(3, length: length)
        note(packet)
        for bit in 0..<length * 8 {
            var other = packet
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(take(other) == nil)
        }
        #expect(take(packet + [0]) == nil && take(Array(packet.dropLast())) == nil && take([]) == nil)
        #expect(take(packet) == Self.once)
    }

    @Test("As many as a full queue holds are all known")
    func many() {
        for number in 0..<4096 {
            note(Self.packet(number), InjectedOrigin(injections: UInt8(number % 63 + 1), stamps: []))
        }
        let missing = (0..<4096).filter { take(Self.packet($0))?.injections != UInt8($0 % 63 + 1) }
        #expect(missing == [])
    }

    @Test("Where there is no room, the oldest are forgotten, and what is known stays right")
    func overfull() {
        let count = 4 * InjectedFingerprints.capacity
        for number in 0..<count { note(Self.packet(number), at: UInt64(number)) }
        #expect(take(Self.packet(count - 1), at: UInt64(count)) == Self.once)
        let known = (0..<count).filter { take(Self.packet($0), at: UInt64(count)) == Self.once }
        #expect(known.count > InjectedFingerprints.capacity / 2 && known.count < InjectedFingerprints.capacity)
        #expect(known.reduce(0, +) / known.count > count / 2, "the younger ones are left")
        #expect(!known.contains { take(Self.packet($0), at: UInt64(count)) != nil })
    }

    @Test("What doesn't come back expires, and its place is free again")
    func expiry() {
        note(Self.packet(4), at: second)
        #expect(take(Self.packet(4), at: second + InjectedOrigin.lifetime + 1) == nil)
        note(Self.packet(5), at: 20 * second)
        // Somebody else's, long after: identical, and not ours.
        #expect(take(Self.packet(4), at: 20 * second) == nil)
        #expect(take(Self.packet(5), at: 20 * second + InjectedOrigin.lifetime) == Self.once)
    }

    @Test("While nothing is on its way, nothing is done for a packet")
    func idle() {
        let asked = Atomic(0)
        let packet = Self.packet(6)
        func take() -> InjectedOrigin? {
            table.take(packet) {
                asked.wrappingAdd(1, ordering: .relaxed)
                return 0
            }
        }
        #expect(take() == nil && asked.load(ordering: .relaxed) == 0)
        note(packet)
        #expect(take() == Self.once && asked.load(ordering: .relaxed) == 1)
        #expect(take() == nil && asked.load(ordering: .relaxed) == 1)
    }

    @Test("Several readers use up exactly what was noted, identical packets and others", arguments: [1, 7, 3000])
    func concurrent(kinds: Int) {
        let table = table
        let count = 60_000
        let noted = Atomic(0)
        let taken = Atomic(0)
        let wrong = Atomic(0)
        let packets = (0..<kinds).map { Self.packet($0) }
        let origins = (0..<kinds).map { InjectedOrigin(injections: UInt8($0 % 63 + 1), stamps: []) }
        let readers = (0..<3).map { _ in
            TestThread {
                var kind = 0
                while taken.load(ordering: .relaxed) < count {
                    kind = (kind + 1) % kinds
                    guard let origin = table.take(packets[kind]) else { continue }
                    taken.wrappingAdd(1, ordering: .relaxed)
                    if origin != origins[kind] { wrong.wrappingAdd(1, ordering: .relaxed) }
                }
            }
        }
        for number in 0..<count {
            // So many are never on their way at a time that one is forgotten.
            while noted.load(ordering: .relaxed) - taken.load(ordering: .relaxed) >= 2048 {}
            table.note(packets[number % kinds], origins[number % kinds])
            noted.wrappingAdd(1, ordering: .relaxed)
        }
        for reader in readers { reader.join() }
        #expect(taken.load(ordering: .relaxed) == count && wrong.load(ordering: .relaxed) == 0)
        #expect(packets.allSatisfy { table.take($0) == nil })
    }
}
