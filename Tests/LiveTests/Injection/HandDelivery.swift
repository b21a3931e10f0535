// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiLinux
import Packet

/// Does by hand what the thread `neti-inject` does for an instance: nothing leaves its list unless the test says so.
final class HandDelivery {
    private final class Driver: InjectionDriver, @unchecked Sendable {
        let direct: DirectInjector

        init(_ direct: DirectInjector) {
            self.direct = direct
            super.init(canQueue: true, longestInbound: 0)
        }

        @unsafe
        override func sendDirectly(
            _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?,
            mark: UInt32
        ) -> Outcome {
            unsafe direct.send(packet, header, interface: interface, nextHop: nextHop, mark: mark)
        }

        override func giveUp(interface: UInt32, nextHop: IPAddress) {
            direct.giveUp(interface: interface, nextHop: nextHop)
        }
    }

    private let driver: Driver
    private let list: InjectionList
    private var consumer: InjectionConsumer
    private let outbound: OutboundInjector
    let neighbours: NeighbourResolver

    init(of rig: Rig) throws {
        let (namespace, broker) = (rig.right.namespace, rig.hosts.broker)
        list = rig.instance.injection
        let direct = try DirectInjector(rig.instance.interfaces, in: namespace, broker: broker)
        driver = Driver(direct)
        list.attach(driver)
        consumer = InjectionConsumer(list)
        outbound = OutboundInjector(in: namespace, broker: broker)
        neighbours = NeighbourResolver(direct, in: namespace, broker: broker)
    }

    /// Delivers until nothing is on the list; false when that takes too long.
    func deliverAll(within time: Duration = .seconds(5)) -> Bool {
        Deadline(time).sees {
            deliver()
            return list.status.packets == 0
        }
    }

    /// One turn.
    func deliver() {
        let now = Self.now
        consumer.begin(isWoken: true)
        neighbours.read(consumer, now: now)
        unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 64) { due in
            var count = due.count
            while count == due.count {
                count = unsafe consumer.collect(into: due)
                for index in 0..<count {
                    let packet = unsafe due[index]
                    packet.style == .queueOut
                        ? outbound.append(packet) : neighbours.take(packet, consumer, now: now)
                }
            }
        }
        _ = outbound.send(consumer)
        if let tick = neighbours.nextTick, tick <= now { neighbours.tick(consumer, now: now) }
        consumer.end(driver)
    }

    /// Has it be so much later for what waits for its next hop, and nobody look at what the kernel has told meanwhile.
    func neighboursTick(after time: Duration) {
        neighbours.tick(consumer, now: Self.now + UInt64(time / .nanoseconds(1)))
        consumer.end(driver)
    }

    /// What was counted, by the names in the kstat.
    var status: InjectionList.Status { list.status }

    /// Nanoseconds of the monotonic clock.
    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
