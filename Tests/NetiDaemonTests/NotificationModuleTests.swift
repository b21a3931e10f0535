// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl
import Testing

@testable import NetiDaemon

/// What monitors are told of families, events and hooks that others register and unregister.
struct NotificationModuleTests {
    private struct Silent: NetworkProvider {
        func setInterested(_: Bool, in _: NetID, family _: NetworkFamily, event _: NetworkEvent) {}
    }

    private let netinfo = Netinfo(readers: 1)
    private let hub = MonitorHub()
    private let queue = MonitorQueue(capacity: 100)

    private func addInstance() throws -> Instance {
        try netinfo.addInstance(named: "blue", settings: .init(provider: Silent()))
    }

    private func makeEvent(_ name: String) -> HookEvent<Int> {
        HookEvent(family: "inet", name: name, ordering: .documented, publication: netinfo.publication, limit: 9) { _ in
        }
    }

    /// What was told since the last call: `+` for what came, `-` for what went.
    private func told() async -> [String] {
        queue.post(.ready(time: 1))
        return (await queue.next(atMost: 100) ?? []).compactMap { event in
            guard let heard = event.notification else { return nil }
            #expect(event.instance == "blue" && event.netid == 1)
            let names = [heard.family, heard.event, heard.hook].compactMap(\.self)
            return (heard.command == .register ? "+" : "-") + names.joined(separator: " ")
        }
    }

    @Test("Hooks, events and families of any program part are told while they come and go (R136, R140, R141)")
    func anyPart() async throws {
        try netinfo.register(hub.notificationModule(for: netinfo))
        let blue = try addInstance()
        hub.attach(queue, for: Monitor(kinds: [.notification]))
        let inet = try #require(blue.protocolHandle(named: "NHF_INET"))
        try inet.registerEvent(makeEvent("TUNNEL"))
        try inet.register(Hook<Int>(name: "a") { _ in .pass }, onEventNamed: "TUNNEL")
        try inet.register(Hook<PacketEvent>(name: "b") { _ in .pass }, on: .forwarding)
        #expect(await told() == ["+inet TUNNEL", "+inet TUNNEL a", "+inet FORWARDING b"])
        try inet.unregister("b", from: .forwarding)
        let viona = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        try viona.registerFamily(HookFamily(name: "viona"))
        try viona.unregisterFamily(named: "viona")
        #expect(await told() == ["-inet FORWARDING b", "+viona", "-viona"])
        // Told once, though the event is shut down and taken off, and its hook taken off last.
        try inet.shutDownEvent(named: "TUNNEL")
        try inet.unregisterEvent(named: "TUNNEL")
        try inet.unregister("a", fromEventNamed: "TUNNEL")
        #expect(await told() == ["-inet TUNNEL a", "-inet TUNNEL"])
    }

    @Test("Monitoring keeps no event and no family that was taken off (R33, R37, R40, R142)")
    func keepsNothing() throws {
        try netinfo.register(hub.notificationModule(for: netinfo))
        let blue = try addInstance()
        let inet = try #require(blue.protocolHandle(named: "NHF_INET"))
        weak var event: HookEvent<Int>?
        do {
            let made = makeEvent("TUNNEL")
            event = made
            try inet.registerEvent(made)
            try inet.unregisterEvent(named: "TUNNEL")
        }
        #expect(throws: NetiError.self) { try inet.unregisterEvent(named: "TUNNEL") }
        #expect(event == nil)
        let viona = try netinfo.registerProtocol(named: "NHF_VIONA", in: blue.netid)
        for _ in 0..<2 {
            try viona.registerFamily(HookFamily(name: "viona"))
            try viona.unregisterFamily(named: "viona")
        }
    }

    @Test("Each thing is told to go once, hooks before events before families, however the end comes (R123, R135)")
    func goesOnce() async throws {
        for isDeath in [true, false] {
            try netinfo.register(hub.notificationModule(for: netinfo))
            let blue = try addInstance()
            try blue.protocolHandle(.inet).register(Hook<PacketEvent>(name: "b") { _ in .pass }, on: .forwarding)
            hub.attach(queue, for: Monitor(kinds: [.notification]))
            if isDeath { try netinfo.removeInstance(blue) }
            try netinfo.unregister(named: MonitorHub.notificationModuleName)
            let lines = await told()
            // 17 events of three families, and a hook.
            #expect(lines.count == 17 + 3 + 1)
            #expect(Set(lines).count == lines.count && lines.allSatisfy { $0.hasPrefix("-") })
            let order = try ["-inet FORWARDING b", "-inet FORWARDING", "-inet"].map { line in
                try #require(lines.firstIndex(of: line), "\(lines)")
            }
            #expect(order == order.sorted())
            hub.detach(queue)
            if !isDeath { try netinfo.removeInstance(blue) }
            #expect(await told() == [])
        }
    }
}
