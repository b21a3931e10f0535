// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiLinux

/// Does by hand what the thread `neti-inject` does for an instance: no packet moves unless the test says so.
final class HandDelivery {
    private let driver = InjectionDriver(canQueue: true, longestInbound: 0)
    private let list: InjectionList
    private var consumer: InjectionConsumer
    let outbound: OutboundInjector

    init(of rig: Rig) {
        list = rig.instance.injection
        list.attach(driver)
        consumer = InjectionConsumer(list)
        outbound = OutboundInjector(in: rig.right.namespace, broker: rig.hosts.broker)
    }

    /// Delivers until nothing is on the list; false when that takes too long.
    func deliverAll(within time: Duration = .seconds(5)) -> Bool {
        Deadline(time).sees {
            deliver()
            return list.status.packets == 0
        }
    }

    /// One turn.
    private func deliver() {
        consumer.begin()
        unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 64) { due in
            var count = due.count
            while count == due.count {
                count = unsafe consumer.collect(into: due)
                for index in 0..<count { unsafe outbound.append(due[index]) }
            }
        }
        _ = outbound.send(consumer)
        consumer.end(driver)
    }

    /// What was counted, by the names in the kstat.
    var status: InjectionList.Status { list.status }
}
