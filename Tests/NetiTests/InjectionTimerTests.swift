// SPDX-License-Identifier: Apache-2.0

import Kstat
import Synchronization
import Testing

@testable import Neti

/// When the consumer of a list is called, and how often.
@Suite struct InjectionTimerTests {
    /// Puts a packet for its ticket on a list.
    private static func hold(_ last: UInt8, on rig: ListRig) throws -> HeldPacket {
        let packet = try datagram(last)
        let request = DuePacket(
            .queueOut, .inet, length: packet.count, interface: 0, mark: 0, injections: 1, stamps: [])
        let ticket = try rig.instance.injection.inject(request, unsafe packet.span.bytes, to: nil, delay: nil)
        return try #require(ticket)
    }

    @Test(
        "A packet that stands behind one that is still being put on the list waits for a tick, not for that one's time (R150)",
        arguments: [false, true])
    func behindAHole(isLaterInbox: Bool) throws {
        var limits = InjectionLimits()
        limits.packets = 4
        let rig = try ListRig(limits)
        let list = rig.instance.injection
        var consumer = InjectionConsumer(list)
        let slow = try Self.hold(1, on: rig)
        // What a thread has done that is held up in the middle of it.
        let place = list.inboxes[0].draw()
        if isLaterInbox {
            limits.packets = 100
            try list.change(limits)
        }
        try rig.inject(.queueOut, try datagram(2))
        for _ in 0..<3 {
            rig.driver.armed.withLock { $0 = [] }
            #expect(rig.due(&consumer) == [])
            let armed = rig.driver.armed.withLock { $0 }
            #expect(armed == [consumer.nextTick])
        }
        list.inboxes[0].fill(place, with: slow.slot)
        rig.driver.armed.withLock { $0 = [] }
        var seen: [UInt8] = []
        while seen.count < 2 { seen += rig.due(&consumer) }
        #expect(seen == [1, 2])
        #expect(list.status.packets == 0)
        // Nothing is in the way any more.
        rig.driver.armed.withLock { $0 = [] }
        #expect(rig.due(&consumer) == [])
        #expect(rig.driver.armed.withLock { $0 } == [])
    }

    @Test("A packet that comes while others are read already goes when the timer that it set goes off (R150)")
    func behindWhatIsRead() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        /// A turn that ends before all is read, as those do that take long.
        func turn(_ packets: Int) -> [UInt8] {
            var seen: [UInt8] = []
            consumer.begin(isWoken: true)
            unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 1) { due in
                for _ in 0..<packets where unsafe consumer.collect(into: due) == 1 {
                    unsafe consumer.forEachChunk(of: due[0]) { seen.append(unsafe $0.last ?? 0) }
                    unsafe consumer.finish(due[0])
                }
            }
            consumer.end(rig.driver)
            return seen
        }
        try rig.inject(.queueOut, try datagram(1))
        for number in UInt8(2)...4 { try rig.inject(.queueOut, try datagram(number), after: .seconds(3600)) }
        let start = ContinuousClock.now
        var seen: [UInt8] = []
        while seen.isEmpty, start.duration(to: .now) < .seconds(10) { seen = turn(1) }
        #expect(seen == [1])
        try rig.inject(.queueOut, try datagram(5))
        let tick = try #require(rig.driver.armed.withLock { $0.last })
        while UInt64(KstatTime.now.nanoseconds) < tick {}
        #expect(turn(1) == [5])
    }

    @Test("A turn that the timer didn't call for isn't counted as its, and leaves it set (R150)")
    func turnsOfItsOwn() throws {
        let rig = try ListRig()
        let list = rig.instance.injection
        var consumer = InjectionConsumer(list)
        try rig.inject(.queueOut, try datagram(1))
        #expect(rig.driver.armed.withLock { $0.count } == 1)
        var seen: [UInt8] = []
        while seen.isEmpty { seen = rig.due(&consumer, isWoken: false) }
        #expect(seen == [1])
        #expect(list.status["timer_wakeups"] == 0)
        // It is to go off for that one still, and later ones can wait for it.
        try rig.inject(.queueOut, try datagram(2), after: .seconds(3600))
        #expect(rig.driver.armed.withLock { $0.count } == 1)
        #expect(rig.due(&consumer) == [])
        #expect(list.status["timer_wakeups"] == 1)
        #expect(list.status["timers_set"] == 2)
        let armed = rig.driver.armed.withLock { $0 }
        #expect(armed.count == 2 && armed[1] > armed[0])
    }
}
