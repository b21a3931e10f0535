// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import NetiControl
import Testing

/// A daemon whose right host has a hook in trouble and a hook `counter` behind it.
struct TroubledRig {
    static let (failing, slow, stuck, plain): (UInt16, UInt16, UInt16, UInt16) = (7101, 7102, 7103, 7104)
    /// Where packets wait until a ``Gate`` is open.
    static let patient: UInt16 = 7105

    let daemon: DaemonProcess
    let sender: UDPSocket
    let left: Host
    let right: Host
    /// What the configuration says of the right host.
    let text: InstanceText

    init(_ hosts: HostPair, _ policy: [String: String], settings: String = "") throws {
        let hooks = [
            InstanceText.Hook(
                name: "troubled", module: "trouble", events: ["PHYSICAL_IN"], families: ["inet"],
                values: policy),
            InstanceText.Hook(name: "counter", events: ["PHYSICAL_IN"], families: ["inet"]),
        ]
        var text = InstanceText(netns: hosts.right.name)
        text.settings = settings
        text.hooks = hooks
        daemon = try DaemonProcess(instances: text.text, program: "neti-troubled-daemon")
        do {
            try daemon.waitUntilReady()
            sender = try UDPSocket(on: hosts.left, .inet)
        } catch {
            daemon.stop()
            throw error
        }
        left = hosts.left
        right = hosts.right
        self.text = text
    }

    static func with(
        _ policy: [String: String], settings: String = "", _ body: (TroubledRig) throws -> Void
    ) throws {
        try HostPair.with { hosts in
            let rig = try TroubledRig(hosts, policy, settings: settings)
            defer { rig.daemon.stop() }
            try body(rig)
        }
    }

    /// Sends a datagram from which the hook never returns; the socket for which it was.
    func getStuck() throws -> UDPSocket {
        let target = try UDPSocket(on: right, .inet, port: Self.stuck)
        try sender.send([1], to: target)
        // The control side goes on, and the packet is never answered.
        let isStuck = try Deadline(.seconds(5)).sees { () throws -> Bool in
            try daemon.instances().contains { $0.queues.contains { $0.waiting > 0 } }
        }
        #expect(isStuck)
        return target
    }

    /// Sends datagrams to a port of the right host; how many of them arrive.
    func arrivals(_ count: Int = 1, at port: UInt16, within time: Duration = .seconds(3)) throws -> Int {
        let receiver = try UDPSocket(on: right, .inet, port: port)
        for _ in 0..<count { try sender.send([1], to: receiver) }
        var arrived = 0
        while arrived < count, try receiver.receive(within: time) != nil { arrived += 1 }
        return arrived
    }

    func hook(_ name: String) throws -> ListHooks.Hook? {
        try daemon.hooks().first { $0.name == name }
    }

    /// What is to be seen of the hook in trouble once it is off its chain.
    func seesItTakenOff(reason: String) throws {
        #expect(try sees { $0?.state == .takenOff })
        let troubled = try #require(try hook("troubled"))
        #expect(troubled.position == 0 && troubled.event == "PHYSICAL_IN" && troubled.family == "inet")
        #expect(troubled.reason?.hasPrefix(reason) == true, "\(troubled)")
        #expect(try hook("counter")?.position == 1)
        let status = try daemon.status()
        #expect(status.hooks == 1 && status.takenOff == 1)
        #expect(try daemon.control("status").contains("1, and 1 taken off because of trouble"))
        #expect(try daemon.control("metrics").contains("neti_instance_hooks_taken_off{"))
        #expect(try daemon.control("hook", "list").contains("was taken off: \(reason)"))
    }

    /// Brings it back, as an administrator would.
    func putBack() throws {
        _ = try daemon.control("reload")
        let troubled = try #require(try hook("troubled"))
        #expect(troubled.state == .active && troubled.position == 1 && troubled.reason == nil)
        #expect(try daemon.status().takenOff == 0)
    }

    /// Waits until the hook in trouble is so.
    func sees(_ condition: (ListHooks.Hook?) -> Bool) throws -> Bool {
        try Deadline(.seconds(5)).sees { () throws -> Bool in condition(try hook("troubled")) }
    }

    /// Ends the daemon and returns what it wrote.
    func logAtEnd() -> String {
        #expect(daemon.terminate() == 0)
        return daemon.log
    }
}
