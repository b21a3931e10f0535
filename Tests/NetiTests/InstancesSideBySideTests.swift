// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Hooks
import Kstat
import Neti
import Synchronization
import SystemPackage
import Testing

/// What instances and modules do beside each other, and what outlives an instance.
@Suite(.timeLimit(.minutes(1)))
struct InstancesSideBySideTests {
    private let netinfo = Netinfo(readers: 1)

    private func add(_ name: String) throws -> Instance {
        try netinfo.addInstance(named: name, settings: .init(provider: FakeProvider()))
    }

    @Test("Two instances that come at once are inside a module's create together (R113)")
    func together() throws {
        let arrivals = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
        let met = Atomic(0)
        try netinfo.register(
            InstanceModule(
                name: "m",
                create: { [names = netinfo] netid in
                    let mine = names.instance(netid)?.name == "left" ? 0 : 1
                    arrivals[mine].signal()
                    if arrivals[1 - mine].wait(timeout: .now() + 20) == .success {
                        met.add(1, ordering: .relaxed)
                    }
                }, destroy: { _, _ in }))
        DispatchQueue.concurrentPerform(iterations: 2) { side in
            _ = try? add(side == 0 ? "left" : "right")
        }
        #expect(netinfo.instances.count == 2)
        #expect(met.load(ordering: .relaxed) == 2)
    }

    @Test("A hook that nobody takes off keeps its event, and can be taken off later; its instance goes (R127)")
    func leftBehind() throws {
        let blue = try add("blue")
        let inet = blue.protocolHandle(.inet)
        try inet.register(Hook<PacketEvent>(name: "left") { _ in .pass }, on: .physicalIn)
        try netinfo.removeInstance(blue)
        #expect(netinfo.instance(named: "blue") == nil)
        #expect(inet.event(.physicalIn).snapshot().map(\.name) == ["left"])
        #expect(!inet.event(.physicalIn).isGone)
        #expect(inet.event(.physicalOut).isGone)
        try inet.unregister("left", from: .physicalIn)
        #expect(inet.event(.physicalIn).isGone)
    }

    @Test("A module makes an instance's kstat in create and deletes it in shutdown (R172, R173)")
    func kstats() throws {
        let netinfo = netinfo
        try netinfo.register(
            InstanceModule(
                name: "m",
                create: { netid in
                    try? netinfo.createKstat(netid: netid, module: "m", name: "seen", class: "net", count: 1)
                },
                shutdown: { netid, kstat in
                    if let kstat { try? netinfo.deleteKstat(netid: netid, kstat) }
                }, destroy: { _, _ in }))
        let blue = try add("blue")
        let found = {
            !netinfo.kstats.kstats(module: "m", instance: 0, name: "seen", visibleIn: blue.netid.rawValue).isEmpty
        }
        #expect(found())
        try netinfo.shutDown(blue)
        #expect(!found())
        try netinfo.removeInstance(blue)
    }
}
