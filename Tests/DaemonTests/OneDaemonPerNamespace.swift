// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Glibc
import LiveHost
import Neti
import NetiControl
import SystemPackage
import Testing

extension RunningDaemon {
    /// What a daemon needs for itself alone: a namespace, its queue numbers, its control socket.
    @Suite struct OneDaemonPerNamespace {
        @Test(
            "A second daemon on a namespace is refused, whatever queues it asks for; the first loses no packet",
            arguments: [("open", 0), ("open", 100), ("closed", 0), ("closed", 100)])
        func secondOnNamespace(onExit: String, queue: Int) throws {
            try HostPair.with { hosts in
                let name = hosts.right.name
                let first = try DaemonProcess(instances: InstanceText(netns: name, onExit: onExit).text)
                defer { first.stop() }
                try first.waitUntilReady()
                let before = try hosts.right.ruleset()
                let traffic = try Traffic(between: hosts, pace: .window(32))
                defer { _ = try? traffic.stop() }
                #expect(traffic.brings(100))

                let second = try DaemonProcess(
                    instances: InstanceText(netns: name, onExit: onExit, queue: queue).text)
                defer { second.stop() }
                #expect(second.waitUntilEnded() == 1)
                let complaint = "instance '\(name)': process \(first.process) filters this namespace already"
                #expect(second.log.contains(complaint), "\(second.log)")
                #expect(!second.log.contains(" ready"))

                #expect(traffic.brings(100))
                for (flow, tally) in try traffic.stop() {
                    #expect(tally.arrived.sorted() == Array(1...tally.sent), "\(flow)")
                }
                #expect(try hosts.right.ruleset() == before)
                #expect(try first.status().pid == Int(first.process))
            }
        }

        @Test("A second daemon on a control socket is refused; the first answers on")
        func secondOnControlSocket() throws {
            try HostPair.with { hosts in
                let first = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { first.stop() }
                try first.waitUntilReady()
                let second = try DaemonProcess(
                    instances: InstanceText(netns: hosts.left.name).text, controlSocket: first.controlSocket)
                defer { second.stop() }
                #expect(second.waitUntilEnded() == 1)
                #expect(second.log == "neti-daemon: \(first.controlSocket): another daemon answers there\n")
                #expect(try hosts.left.tables() == [])
                #expect(try first.status().pid == Int(first.process))
            }
        }

        @Test("The control socket of a daemon that was killed is taken over")
        func staleControlSocket() throws {
            try HostPair.with { hosts in
                let first = try DaemonProcess(instances: InstanceText(netns: hosts.right.name).text)
                defer { first.stop() }
                try first.waitUntilReady()
                first.crash()
                let second = try DaemonProcess(
                    instances: InstanceText(netns: hosts.right.name).text, controlSocket: first.controlSocket)
                defer { second.stop() }
                try second.waitUntilReady()
                #expect(try first.status().pid == Int(second.process))
            }
        }

        @Test("A queue number that another program holds is named, and nothing is left", arguments: [0, 1, 2])
        func foreignQueue(number: Int) throws {
            try HostPair.with { hosts in
                let queue = UInt16(40 + number)
                let port = try hosts.right.run { () throws(NetiError) in
                    var config = cnfq_config()
                    config.queue = queue
                    config.copy_mode = UInt8(CNFQ_COPY_META)
                    var opened = cnfq_opened()
                    let code = unsafe cnfq_open(&config, &opened)
                    guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't open queue \(queue)") }
                    return (opened.fd, opened.port)
                }
                defer { close(port.0) }
                let daemon = try DaemonProcess(instances: InstanceText(netns: hosts.right.name, queue: 40).text)
                defer { daemon.stop() }
                #expect(daemon.waitUntilEnded() == 1)
                let complaint =
                    "instance '\(hosts.right.name)': queue \(queue) is held by another program "
                    + "(netlink port \(port.1)); choose other numbers by 'queue' or stop that program"
                #expect(daemon.log.contains(complaint), "\(daemon.log)")
                #expect(try hosts.right.tables() == [])
            }
        }
    }
}
