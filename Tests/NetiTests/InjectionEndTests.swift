// SPDX-License-Identifier: Apache-2.0

import Glibc
import Packet
import Synchronization
import SystemPackage
import Testing
import Witnesses

@testable import Neti

/// What becomes of packets while their instance goes, and before it can inject.
@Suite struct InjectionEndTests {
    private static func packet() throws -> [UInt8] {
        let header = IPHeader(from: IPAddress(v4: 0xC000_0201), to: IPAddress(v4: 0xC000_0202))
        return try header.packet(.udp(from: 1, to: 2), payload: [UInt8](repeating: 0, count: 3000))
    }

    private static func hold(_ packet: [UInt8], on list: InjectionList) throws -> HeldPacket? {
        let request = DuePacket(
            .queueOut, .inet, length: packet.count, interface: 0, mark: 0, injections: 1, stamps: [])
        return try list.inject(request, unsafe packet.span.bytes, to: nil, delay: nil)
    }

    @Test("Packets that wait for their ticket are lost with the instance, not dropped as well (R154)")
    func held() throws {
        let netinfo = Netinfo(readers: 1)
        let instance = try netinfo.addInstance(named: "global", settings: .init(provider: FakeProvider()))
        let list = instance.injection
        list.attach(InjectionDriver(canQueue: true, longestInbound: 3000))
        let kept = try #require(try Self.hold(Self.packet(), on: list))
        let dropped = try #require(try Self.hold(Self.packet(), on: list))
        #expect(list.drop(dropped))
        list.close()
        var consumer = InjectionConsumer(list)
        #expect(consumer.discard() == 1)
        #expect(!list.drop(kept) && !list.release(kept))
        let status = list.status
        #expect(status["lost_with_instance"] == 1 && status["dropped"] == 1)
        #expect(status.packets == 0 && status.bytes == 0)
        try netinfo.removeInstance(instance)
    }

    @Test("However an instance's end meets threads that inject: what they put on the list is counted as lost (R154)")
    func race() throws {
        let packet = try Self.packet()
        for round in 0..<300 {
            let netinfo = Netinfo(readers: 1)
            let instance = try netinfo.addInstance(named: "global", settings: .init(provider: FakeProvider()))
            let list = instance.injection
            list.attach(InjectionDriver(canQueue: true, longestInbound: 3000))
            let started = Atomic(0)
            let accepted = Atomic(0)
            let threads = (0..<2).map { thread in
                TestThread {
                    started.wrappingAdd(1, ordering: .sequentiallyConsistent)
                    while true {
                        do {
                            if thread == 0 {
                                try instance.protocolHandle(.inet).inject(.queueOut, packet)
                            } else if let ticket = try Self.hold(packet, on: list) {
                                _ = list.release(ticket)
                            }
                            accepted.wrappingAdd(1, ordering: .relaxed)
                        } catch {
                            if error as? InjectionError == InjectionError(.deadInstance) { return }
                        }
                    }
                }
            }
            while started.load(ordering: .sequentiallyConsistent) < 2 { sched_yield() }
            list.close()
            var consumer = InjectionConsumer(list)
            let lost = consumer.discard()
            for thread in threads { thread.join() }
            #expect(lost == accepted.load(ordering: .relaxed), "round \(round)")
            #expect(list.status.packets == 0 && list.status["lost_with_instance"] == UInt64(lost))
            try netinfo.removeInstance(instance)
        }
    }

    @Test("What can't be made ready to inject isn't tried again for each packet (R155)")
    func preparation() throws {
        let provider = FakeProvider()
        let netinfo = Netinfo(readers: 1)
        let instance = try netinfo.addInstance(named: "global", settings: .init(provider: provider))
        let packet = try Self.packet()
        for _ in 0..<50 {
            #expect(throws: InjectionError(.unavailable)) {
                try instance.protocolHandle(.inet).inject(.queueOut, packet)
            }
        }
        // One a second, should this take that long.
        #expect((1...5).contains(provider.preparations))
        instance.injection.attach(InjectionDriver(canQueue: true, longestInbound: 3000))
        try instance.protocolHandle(.inet).inject(.queueOut, packet)
        try netinfo.removeInstance(instance)
    }

    @Test("Delays of any length are one time or another, and never an earlier one")
    func delays() {
        #expect(Duration.seconds(-1).wholeNanoseconds == 0)
        #expect(Duration.nanoseconds(7).wholeNanoseconds == 7)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        let almost = Duration(secondsComponent: 18_446_744_073, attosecondsComponent: 900_000_000_000_000_000)
        #expect(almost.wholeNanoseconds == .max)
        #expect(InjectionList.deadline(after: .max, from: 1) == .max - InjectionList.tick)
        #expect(InjectionList.deadline(after: .max - 1, from: 0) == .max - InjectionList.tick)
        #expect(InjectionList.deadline(after: 0, from: 0) == InjectionList.tick)
    }
}
