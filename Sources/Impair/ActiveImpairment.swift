// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Hooks
import IPFilter
import Packet

/// The impairment that is in force: what pump threads look at for each packet.
struct ActiveImpairment: ~Copyable, Sendable {
    let impairment: Impairment
    let condition: PacketCondition
    /// One link for each event.
    private let links: UniqueArray<RateLimiter>

    /// - Parameter backlogs: what waits for the links of the impairment before, by event.
    init(_ impairment: Impairment, condition: consuming PacketCondition, backlogs: [RateLimiter.Backlog]) {
        self.impairment = impairment
        self.condition = condition
        var links = UniqueArray<RateLimiter>(minimumCapacity: Place.events)
        for event in 0..<Place.events {
            links.append(
                RateLimiter(
                    bitsPerSecond: impairment.rate, limit: impairment.limit,
                    continuing: event < backlogs.count ? backlogs[event] : .init()))
        }
        self.links = links
    }

    /// What waits for the links now, by event.
    var backlogs: [RateLimiter.Backlog] {
        (0..<links.count).map { links[$0].backlog }
    }

    /// Decides about a packet.
    ///
    /// - Parameters:
    ///   - bytes: the packet from its IP header on.
    ///   - length: bytes of the whole packet.
    ///   - interface: the one that conditions ask about.
    ///   - numbers: takes the next number if the condition holds.
    func fate(
        of bytes: RawSpan, _ datagram: Datagram, length: Int, interface: UInt32, at place: Place,
        numbers: borrowing PacketNumbers
    ) -> Fate {
        var fate = Fate()
        guard condition.matches(bytes, datagram, interface: interface) else { return fate }
        let number = numbers.next(at: place)
        let random = RandomNumbers(seed: impairment.seed, sequence: UInt64(truncatingIfNeeded: place.sequence))
        fate = impairment.draw(random, packet: number, bits: Self.bits(of: datagram))
        if fate.isLost, !fate.isDuplicated { return fate }
        let now = impairment.rate > 0 ? MonotonicClock.now : 0
        if fate.isDuplicated, !fate.isLost {
            fate.waitOfCopy = impairment.delay.nanoseconds(random, packet: number, for: .jitterOfCopy)
            fate.waitOfCopy = wait(after: fate.waitOfCopy, bytes: length, at: place, now: now)
        }
        if !fate.isReordered {
            fate.wait = impairment.delay.nanoseconds(random, packet: number, for: .jitter)
            fate.wait = wait(after: fate.wait, bytes: length, at: place, now: now)
        }
        return fate
    }

    /// First the link, then the delay, as on a long cable.
    @inline(__always)
    private func wait(after delay: UInt64?, bytes: Int, at place: Place, now: UInt64) -> UInt64? {
        guard impairment.rate > 0, let delay else { return delay }
        guard let wait = links[place.event].wait(bytes: bytes, now: now) else { return nil }
        return wait &+ delay
    }

    /// Bits behind the first IP header.
    @inline(__always)
    private static func bits(of datagram: Datagram) -> Int {
        max(0, Int(min(datagram.totalLength, datagram.capturedLength)) - Int(datagram.headerLength)) &* 8
    }
}

extension Impairment {
    /// What chance says about a packet: everything in its fate but how long it waits.
    ///
    /// - Parameter bits: how many there are to corrupt.
    @inline(__always)
    func draw(_ random: RandomNumbers, packet: UInt64, bits: Int) -> Fate {
        var fate = Fate()
        fate.isMatched = true
        fate.isLost = loss.isHit(random.number(of: packet, for: .loss))
        fate.isDuplicated = duplicate.isHit(random.number(of: packet, for: .duplicate))
        fate.isReordered = reorder.isHit(random.number(of: packet, for: .reorder))
        if corrupt.isHit(random.number(of: packet, for: .corrupt)), bits > 0 {
            let number = random.number(of: packet, for: .corruptedBit)
            fate.corruptedBit = Int(number.multipliedFullWidth(by: UInt64(truncatingIfNeeded: bits)).high)
        }
        return fate
    }
}
