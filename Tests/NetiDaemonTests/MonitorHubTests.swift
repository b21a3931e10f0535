// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl
import Packet
import Synchronization
import Testing

@testable import NetiDaemon

/// Who is told what, and what it costs when nobody is.
struct MonitorHubTests {
    private func event(_ instance: String) -> Monitor.Event {
        .state(.up, netid: 1, instance: instance, time: 1)
    }

    /// What waits in a queue, by instance.
    private func told(_ queue: MonitorQueue) async -> [String?] {
        queue.post(.ready(time: 1))
        return (await queue.next(atMost: 100) ?? []).dropLast().map(\.instance)
    }

    @Test func nothingIsMadeWhileNobodyAskedForIt() {
        let hub = MonitorHub()
        let made = Atomic(0)
        func make() -> Monitor.Event {
            made.add(1, ordering: .relaxed)
            return event("blue")
        }
        hub.post(.nic, make())
        let queue = MonitorQueue(capacity: 10)
        hub.attach(queue, for: Monitor(kinds: [.instance]))
        hub.post(.nic, make())
        #expect(made.load(ordering: .relaxed) == 0)
        hub.post(.instance, make())
        #expect(made.load(ordering: .relaxed) == 1)
        hub.detach(queue)
        hub.post(.instance, make())
        #expect(made.load(ordering: .relaxed) == 1)
    }

    @Test func everybodyIsToldWhatWasAskedForAndInTheSameOrder() async {
        let hub = MonitorHub()
        let asked = [
            Monitor(), Monitor(kinds: [.instance]), Monitor(instance: "blue"), Monitor(kinds: [.nic], instance: "red"),
        ]
        let queues = asked.map { asked in
            let queue = MonitorQueue(capacity: 10)
            hub.attach(queue, for: asked)
            return queue
        }
        hub.post(.instance, event("blue"))
        hub.post(.nic, event("red"))
        hub.post(.kstat, event("blue"))
        hub.post(.instance, event("red"))
        #expect(await told(queues[0]) == ["blue", "red", "blue", "red"])
        #expect(await told(queues[1]) == ["blue", "red"])
        #expect(await told(queues[2]) == ["blue", "blue"])
        #expect(await told(queues[3]) == ["red"])
        hub.detach(queues[0])
        hub.post(.kstat, event("blue"))
        #expect(await told(queues[0]) == [])
        #expect(await told(queues[2]) == ["blue"])
    }

    @Test(
        arguments: [
            (NICEvent.Change.plumbed(name: "veth1"), "NE_PLUMB", "veth1", nil, nil),
            (.unplumbed(name: "veth1"), "NE_UNPLUMB", "veth1", nil, nil),
            (.up, "NE_UP", "veth0", nil, nil), (.down, "NE_DOWN", "veth0", nil, nil),
            (.addressChanged(IPAddress(v4: 0xC000_0201)), "NE_ADDRESS_CHANGE", "veth0", "192.0.2.1", nil),
            (.logicalUp, "NE_LIF_UP", "veth0", nil, nil), (.logicalDown, "NE_LIF_DOWN", "veth0", nil, nil),
            (.indexChanged(to: 9), "NE_IFINDEX_CHANGE", "veth0", nil, 9),
        ] as [(NICEvent.Change, String, String, String?, Int?)])
    func interfaceEventsCarryWhatTheManualSays(
        change: NICEvent.Change, name: String, interface: String, address: String?, newIndex: Int?
    ) {
        let event = NICEvent(
            netid: NetID(rawValue: 3), family: .inet, interface: 2, logicalInterface: 1, change: change)
        #expect(
            Monitor.NICEvent(event, interfaces: [Interface(index: 2, name: "veth0")])
                == Monitor.NICEvent(
                    family: "inet", event: name, index: 2, name: interface, logicalInterface: 1, address: address,
                    newIndex: newIndex))
        if case .up = change {
            #expect(Monitor.NICEvent(event, interfaces: []).name == nil)
        }
    }
}
