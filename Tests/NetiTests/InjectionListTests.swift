// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Packet
import Synchronization
import Testing
import Witnesses

@testable import Neti

@Suite struct InjectionListTests {
    @Test("Packets go on in order, and their memory comes back (R146, R150)")
    func order() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        for round in 0..<200 {
            for number in 0..<UInt8(30) {
                try rig.inject(.queueOut, try datagram(number, length: 40 + Int(number) * 200))
            }
            #expect(rig.instance.injection.status.packets == 30)
            var seen: [UInt8] = []
            while seen.count < 30 { seen += rig.due(&consumer) }
            #expect(seen == Array(0..<30), "round \(round)")
        }
        let status = rig.instance.injection.status
        #expect(status.packets == 0 && status.bytes == 0 && status.oldestAge == nil)
        #expect(status["queue_out"] == 6000 && status["delivered_out"] == 6000)
    }

    @Test("One timer is set for many packets, and an earlier one for an earlier packet (R150)")
    func timers() throws {
        let rig = try ListRig()
        for _ in 0..<100 { try rig.inject(.queueOut, try datagram(1), after: .seconds(3600)) }
        let first = rig.driver.armed.withLock { $0 }
        #expect(first.count <= 2, "\(first)")
        try rig.inject(.queueOut, try datagram(2))
        let all = rig.driver.armed.withLock { $0 }
        #expect(all.count == first.count + 1)
        #expect(all.last ?? .max < first.last ?? 0)
        #expect(all.allSatisfy { $0 % InjectionList.tick == 0 })
    }

    @Test("A delay holds a packet back while later ones pass it")
    func delays() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        for attempt in 1...20 {
            let start = ContinuousClock.now
            for (last, delay) in [(9, 40), (8, 20), (1, 0)] {
                try rig.inject(.queueOut, try datagram(UInt8(last)), after: .milliseconds(delay))
            }
            let took = start.duration(to: .now)
            var seen: [UInt8] = []
            while seen.count < 3, start.duration(to: .now) < .seconds(10) { seen += rig.due(&consumer) }
            #expect(seen.count == 3)
            #expect(start.duration(to: .now) >= .milliseconds(40))
            // Injected so late, the second might come after the first.
            if took > .milliseconds(15), attempt < 20 { continue }
            #expect(seen == [1, 8, 9])
            return
        }
    }

    @Test("Packets with the same time keep their order, whatever came between them")
    func equalTimes() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        var rounds = 0
        for _ in 0..<400 where rounds < 20 {
            let start = ContinuousClock.now
            for (last, delay) in [(1, 3), (3, 6), (2, 3), (4, 6)] {
                try rig.inject(.queueOut, try datagram(UInt8(last)), after: .milliseconds(delay))
            }
            let took = start.duration(to: .now)
            var seen: [UInt8] = []
            while seen.count < 4, start.duration(to: .now) < .seconds(10) { seen += rig.due(&consumer) }
            #expect(seen.count == 4)
            // Injected so late, the third might come after the second.
            guard took < .milliseconds(2) else { continue }
            #expect(seen == [1, 2, 3, 4])
            rounds += 1
        }
        #expect(rounds == 20)
    }

    @Test("The list is full at its limits, and the caller keeps the packet (R147, R153)")
    func limits() throws {
        var limits = InjectionLimits()
        limits.packets = 5
        let rig = try ListRig(limits)
        for _ in 0..<5 { try rig.inject(.queueOut, try datagram(1)) }
        let packet = try datagram(1)
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        #expect(InjectionError(.listFull).returnValue == -1)

        limits.packets = 1000
        limits.bytes = 65_536
        let narrow = try ListRig(limits)
        let long = try datagram(1, length: 6000)
        for _ in 0..<10 { try narrow.inject(.queueOut, long) }
        #expect(throws: InjectionError(.listFull)) { try narrow.inject(.queueOut, long) }
        #expect(narrow.instance.injection.status["list_full"] == 1)
        var consumer = InjectionConsumer(narrow.instance.injection)
        var count = 0
        while count < 10 { count += narrow.due(&consumer).count }
        for _ in 0..<10 { try narrow.inject(.queueOut, long) }
    }

    @Test("Limits change while packets wait: none is lost or overtaken, and what is held keeps its ticket (R147, R150)")
    func otherLimits() throws {
        var limits = InjectionLimits()
        (limits.packets, limits.bytes, limits.injections) = (4, 8192, 3)
        let rig = try ListRig(limits)
        let list = rig.instance.injection
        var consumer = InjectionConsumer(list)
        for number in UInt8(1)...4 { try rig.inject(.queueOut, try datagram(number)) }
        let packet = try datagram(9)
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        // A longer inbox, twice, before anything is read of the first.
        for (packets, range) in [(20, UInt8(5)...20), (100, 21...90)] {
            (limits.packets, limits.bytes) = (packets, 1 << 20)
            try list.change(limits)
            #expect(list.limits == limits)
            for number in range { try rig.inject(.queueOut, try datagram(number)) }
        }
        // Fewer than there are: nothing goes, nothing comes.
        (limits.packets, limits.bytes) = (2, 4096)
        try list.change(limits)
        #expect(list.status.packets == 90)
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        var seen: [UInt8] = []
        let start = ContinuousClock.now
        while seen.count < 90, start.duration(to: .now) < .seconds(10) { seen += rig.due(&consumer) }
        #expect(seen == Array(1...90))
        #expect(list.status.packets == 0 && list.status.bytes == 0)
        for number in UInt8(1)...2 { try rig.inject(.queueOut, try datagram(number)) }
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        (limits.packets, limits.bytes) = (4, 4096)
        try list.change(limits)
        // Two chunks are all that there are now.
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        seen = []
        while seen.count < 2, start.duration(to: .now) < .seconds(10) { seen += rig.due(&consumer) }
        #expect(seen == [1, 2])
    }

    @Test("What is delivered makes room before the turn is over")
    func roomWithinTurn() throws {
        var limits = InjectionLimits()
        limits.packets = 512
        let rig = try ListRig(limits)
        var consumer = InjectionConsumer(rig.instance.injection)
        let packet = try datagram(1)
        for _ in 0..<limits.packets { try rig.inject(.queueOut, packet) }
        #expect(throws: InjectionError(.listFull)) { try rig.inject(.queueOut, packet) }
        consumer.begin(isWoken: true)
        var delivered = 0
        unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 64) { buffer in
            // Time goes on until all are due.
            let start = ContinuousClock.now
            while delivered < limits.packets, start.duration(to: .now) < .seconds(10) {
                let count = unsafe consumer.collect(into: buffer)
                for index in 0..<count { unsafe consumer.finish(buffer[index]) }
                delivered += count
            }
            #expect(unsafe consumer.collect(into: buffer) == 0)
        }
        #expect(delivered == limits.packets)
        for _ in 0..<limits.packets / 2 { try rig.inject(.queueOut, packet) }
        consumer.end(rig.driver)
        #expect(rig.instance.injection.status.packets == limits.packets / 2)
        #expect(rig.instance.injection.status["delivered_out"] == UInt64(limits.packets))
    }

    @Test("Limits that change all the time while threads inject: each thread's packets stay in order, none is lost")
    func limitsUnderTraffic() throws {
        let rig = try ListRig()
        let list = rig.instance.injection
        var consumer = InjectionConsumer(list)
        let (threads, count) = (3, 3000)
        let workers = try (0..<threads).map { thread in
            let packets = try (0..<count).map { number in
                var packet = try datagram(UInt8(truncatingIfNeeded: number), length: 102)
                (packet[99], packet[100]) = (UInt8(thread), UInt8(truncatingIfNeeded: number >> 8))
                return packet
            }
            let handle = rig.handle
            return TestThread {
                for packet in packets {
                    while (try? handle.inject(.queueOut, packet, interface: 0)) == nil { sched_yield() }
                }
            }
        }
        var seen = [[Int]](repeating: [], count: threads)
        var (total, turn) = (0, 0)
        let start = ContinuousClock.now
        while total < threads * count, start.duration(to: .now) < .seconds(30) {
            var limits = InjectionLimits()
            limits.packets = [16, 64, 8, 256, 4096, 8192][turn % 6]
            limits.bytes = limits.packets * 2048
            try list.change(limits)
            turn += 1
            consumer.begin(isWoken: true)
            unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 8) { buffer in
                while true {
                    let count = unsafe consumer.collect(into: buffer)
                    for index in 0..<count {
                        let packet = unsafe buffer[index]
                        unsafe consumer.forEachChunk(of: packet) { bytes in
                            unsafe seen[Int(bytes[99])].append(Int(bytes[100]) << 8 | Int(bytes[101]))
                        }
                        consumer.finish(packet)
                    }
                    total += count
                    if count < 8 { return }
                }
            }
            consumer.end(rig.driver)
        }
        for worker in workers { worker.join() }
        for numbers in seen { #expect(numbers == Array(0..<count)) }
        #expect(list.status.packets == 0)
    }

    @Test("What can't be injected is refused with the manual's return value (R144, R145, R147, R155)")
    func refusals() throws {
        let up = Interface(index: 2, name: "a", flags: [.up], mtu: 1500)
        let rig = try ListRig(interfaces: [up, Interface(index: 3, name: "b", mtu: 1500)])
        let good = try datagram(1)
        func refusal(_ style: InjectionStyle, _ packet: [UInt8], interface: UInt32 = 2) -> InjectionError? {
            do throws(InjectionError) {
                try rig.inject(style, packet, interface: interface)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(.queueIn, good) == nil)
        #expect(refusal(.queueIn, good, interface: 9) == InjectionError(.unknownInterface))
        #expect(refusal(.queueIn, good, interface: 3) == InjectionError(.interfaceDown))
        #expect(refusal(.queueIn, try datagram(1, length: 3001)) == InjectionError(.tooLong))
        for style in InjectionStyle.allCases {
            #expect(refusal(style, []) == InjectionError(.badHeader))
            #expect(refusal(style, Array(good.dropLast())) == InjectionError(.badHeader))
            #expect(refusal(style, good + [0]) == InjectionError(.badHeader))
            #expect(refusal(style, [0x60] + good.dropFirst()) == InjectionError(.badHeader))
        }
        #expect(InjectionError(.badHeader).returnValue == 1)
        #expect(throws: InjectionError(.unsupported)) {
            try rig.instance.protocolHandle(.arp).inject(.queueOut, good)
        }
        #expect(InjectionError(.unsupported).returnValue == -1)
        let old = try ListRig(canQueue: false, interfaces: [up])
        #expect(throws: InjectionError(.unavailable)) { try old.inject(.queueIn, good, interface: 2) }
        #expect(throws: InjectionError(.unavailable)) { try old.inject(.queueOut, good) }
        try old.inject(.directOut, good, interface: 2)
    }

    @Test("An instance that goes takes nothing more, and what waits is dropped and counted (R30, R154)")
    func end() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        try rig.inject(.queueOut, try datagram(1))
        try rig.inject(.queueOut, try datagram(1), after: .seconds(100))
        rig.instance.injection.close()
        let packet = try datagram(1)
        #expect(throws: InjectionError(.deadInstance)) { try rig.inject(.queueOut, packet) }
        #expect(consumer.discard() == 2)
        let status = rig.instance.injection.status
        #expect(status.packets == 0 && status.bytes == 0 && status["lost_with_instance"] == 2)
        try rig.netinfo.removeInstance(rig.instance)
        for style in InjectionStyle.allCases {
            #expect(throws: InjectionError(.deadInstance)) { try rig.inject(style, packet) }
        }
    }

    @Test("A direct packet is sent on the caller's thread, or waits for its next hop (R146)")
    func direct() throws {
        let rig = try ListRig()
        let packet = try datagram(5)
        try rig.inject(.directOut, packet, interface: 2)
        #expect(rig.driver.sent.withLock { $0 } == [packet])
        rig.driver.outcome.withLock { $0 = .refused(.tooLong) }
        #expect(throws: InjectionError(.tooLong)) { try rig.inject(.directOut, packet, interface: 2) }
        rig.driver.outcome.withLock { $0 = .unresolved(interface: 7, nextHop: IPAddress(v4: 1)) }
        try rig.inject(.directOut, packet)
        var consumer = InjectionConsumer(rig.instance.injection)
        var seen: [UInt8] = []
        while seen.isEmpty { seen = rig.due(&consumer) }
        #expect(seen == [5])
        #expect(rig.instance.injection.status["unresolved"] == 1)
    }

    @Test("Every counter has its own place, under the name of its reason")
    func counters() {
        let counters = InjectionCounters()
        for (number, event) in InjectionCounters.Event.allCases.enumerated() { counters.count(event, number + 1) }
        for (number, reason) in InjectionError.Reason.allCases.enumerated() {
            for _ in 0...number { counters.count(reason) }
        }
        let (events, reasons) = (InjectionCounters.Event.allCases.count, InjectionError.Reason.allCases.count)
        #expect(counters.values == (1...events).map(UInt64.init) + (1...reasons).map(UInt64.init))
        #expect(InjectionCounters.names.suffix(reasons) == InjectionError.Reason.allCases.map(\.rawValue)[...])
    }

    @Test("Four threads keep their order while one takes packets off")
    func threads() throws {
        let rig = try ListRig()
        var consumer = InjectionConsumer(rig.instance.injection)
        let perThread = 20_000
        let threads = (0..<4).map { thread in
            TestThread {
                for number in 0..<perThread {
                    guard var packet = try? datagram(0) else { return }
                    packet[40] = UInt8(thread)
                    packet[41] = UInt8(number >> 16)
                    packet[42] = UInt8(number >> 8 & 0xFF)
                    packet[43] = UInt8(number & 0xFF)
                    while (try? rig.inject(.queueOut, packet)) == nil { sched_yield() }
                }
            }
        }
        var next = [Int](repeating: 0, count: 4)
        var isInOrder = true
        let start = ContinuousClock.now
        while next.reduce(0, +) < 4 * perThread, start.duration(to: .now) < .seconds(60) {
            consumer.begin(isWoken: true)
            unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 64) { buffer in
                let count = unsafe consumer.collect(into: buffer)
                for index in 0..<count {
                    let packet = unsafe buffer[index]
                    unsafe consumer.forEachChunk(of: packet) { bytes in
                        let thread = unsafe Int(bytes[40])
                        let number = unsafe Int(bytes[41]) << 16 | Int(bytes[42]) << 8 | Int(bytes[43])
                        if next[thread] != number { isInOrder = false }
                        next[thread] = number + 1
                    }
                    consumer.finish(packet)
                }
            }
            consumer.end(rig.driver)
        }
        for thread in threads { thread.join() }
        #expect(isInOrder)
        #expect(next == [perThread, perThread, perThread, perThread])
        #expect(rig.instance.injection.status.packets == 0)
    }
}
