// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import CNetfilterQueue
import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Synchronization
import SystemPackage
import Testing

extension RealPackets {
    /// Who may filter a namespace, and what becomes of packets when somebody stops or a namespace goes.
    @Suite struct InstancesEnd {
        /// The error of a registration.
        private func refusal(of body: () throws -> Void) -> NetiError? {
            do {
                try body()
                return nil
            } catch {
                return error as? NetiError
            }
        }

        @Test("A queue number that another program holds is a clear error, and works once it is free")
        func numberTaken() throws {
            try Rig.with { rig in
                let other = try rig.right.run { () throws(NetiError) -> Int32 in
                    var config = cnfq_config(
                        queue: 1, copy_mode: UInt8(CNFQ_COPY_PACKET), copy_range: 0, queue_length: 0, flags: 0,
                        receive_buffer: 0, send_buffer: 0)
                    var opened = cnfq_opened()
                    let code = unsafe cnfq_open(&config, &opened)
                    guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't take queue 1") }
                    return opened.fd
                }
                let error = refusal { try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass } }
                #expect(error?.errno == .resourceBusy)
                #expect(
                    error?.reason.contains("queue 1 is held by another program") == true, "\(String(describing: error))"
                )
                #expect(!rig.instance.protocolHandle(.inet).event(.physicalIn).isInterested)
                #expect(rig.hits(on: .physicalIn, of: .inet) == [:])
                closeDescriptor(other)
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
            }
        }

        @Test(
            "A second provider on the same namespace is refused, with the same queue numbers or others",
            arguments: [0, 9])
        func secondProvider(_ queue: UInt16) throws {
            try Rig.with { rig in
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
                let second = try LinuxProvider(pumps: 1)
                defer { second.stop() }
                var configuration = InstanceConfiguration()
                configuration.queue = queue
                let instance = try second.addInstance(
                    named: "second", in: rig.right.namespace, configuration: configuration)
                let error = refusal {
                    try instance.protocolHandle(.inet).register(Hook(name: "b") { _ in .drop }, on: .physicalIn)
                }
                #expect([.resourceBusy, .notPermitted].contains(error?.errno), "\(String(describing: error))")
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["a": 1])
            }
        }

        /// The note of a process, as our tables carry it.
        private func leaveTable(on host: Host, process: Int32, startTime: UInt64) throws {
            try host.loadRules(
                """
                table ip neti { comment "neti \(process) \(startTime)"; chain PHYSICAL_IN {
                type filter hook prerouting priority -450; counter drop; }; }
                """)
        }

        private func startTime(of process: Int32) throws -> UInt64 {
            let stat = try readFile("/proc/\(process)/stat")
            let end = try #require(stat.lastIndex(of: ")"))
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            return try #require(UInt64(fields[19]))
        }

        @Test("A table of a process that lives is respected")
        func tableOfLivingProcess() throws {
            try Rig.with { rig in
                try leaveTable(on: rig.right, process: 1, startTime: try startTime(of: 1))
                let error = refusal { try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass } }
                #expect(error?.errno == .resourceBusy)
                #expect(error?.reason.contains("process 1 filters this namespace already") == true)
            }
        }

        @Test(
            "A table that a dead process left is replaced, also when its number lives again", arguments: [1, 4_194_303])
        func staleTable(_ process: Int32) throws {
            try Rig.with { rig in
                try leaveTable(on: rig.right, process: process, startTime: 42_424_242)
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
            }
        }

        @Test("A table of a process that was killed is replaced before its parent has asked for it")
        func tableOfZombie() throws {
            try Rig.with { rig in
                let process = try Command.start("sleep", ["60"], output: "/dev/null")
                defer { waitpid(process, nil, 0) }
                let startTime = try startTime(of: process)
                kill(process, SIGKILL)
                let isZombie = Deadline(.seconds(3)).sees {
                    (try? readFile("/proc/\(process)/stat"))?.contains(") Z ") == true
                }
                #expect(isZombie)
                try leaveTable(on: rig.right, process: process, startTime: startTime)
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
            }
        }

        @Test("Stopping under traffic loses nothing and leaves no table (on-exit open)", arguments: [1, 4])
        func stopOpen(_ queues: Int) throws {
            try Rig.with(configure: { $0.queues = queues }) { rig in
                for family in NetworkFamily.ip {
                    for event in NetworkEvent.physical { try rig.register("a", on: event, of: family) { _ in .pass } }
                }
                let sender = try PacedSender(through: rig)
                #expect(sender.waitForMore(500))
                try rig.provider.removeInstance(rig.instance)
                #expect(sender.waitForMore(500))
                let outcome = try sender.finish()
                #expect(outcome.arrived == outcome.sent)
                #expect(try rig.right.execute("nft", "list", "ruleset") == "")
                let error = refusal { try rig.register("b", on: .physicalIn, of: .inet) { _ in .pass } }
                #expect(error?.errno == .socketShutdown)
            }
        }

        @Test("Packets that wait when an instance stops are answered before its queues close (on-exit open)")
        func stopWithWaiting() throws {
            // More than a pump answers before it looks at what it was told.
            let count = 2000
            try Rig.with(configure: { $0.receiveBuffer = 16 << 20 }) { rig in
                let barrier = Barrier()
                try rig.register("slow", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Crossing.port) { barrier.pass() }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number in 0..<count { try sender.send([UInt8(number >> 8), UInt8(number & 0xFF)], to: receiver) }
                #expect(Deadline(.seconds(3)).sees { rig.totals.waiting == UInt32(count) })
                let (provider, instance) = (rig.provider, rig.instance)
                let stopping = try Worker { () throws(NetiError) in try provider.removeInstance(instance) }
                // New packets pass by the queue as soon as the rules are gone.
                let isPassing = Deadline(.seconds(3)).sees {
                    try? sender.send([255], to: receiver)
                    return (try? receiver.socket.receiveNow())?.bytes == [255]
                }
                #expect(isPassing)
                barrier.open()
                try stopping.join()
                var arrived: [Int] = []
                while arrived.count < count, let received = try receiver.receive(within: .seconds(1)) {
                    if received.bytes.count == 2 {
                        arrived.append(Int(received.bytes[0]) << 8 | Int(received.bytes[1]))
                    }
                }
                #expect(arrived == Array(0..<count))
            }
        }

        @Test("With on-exit closed nothing passes after the end, until another provider takes over")
        func stopClosed() throws {
            try HostPair.with { hosts in
                var configuration = InstanceConfiguration()
                configuration.onExit = .closed
                let sender = try UDPSocket(on: hosts.left, .inet)
                let receiver = try UDPSocket(on: hosts.right, .inet, port: Crossing.port)
                for round: UInt8 in 1...3 {
                    let provider = try LinuxProvider(pumps: 1)
                    defer { provider.stop() }
                    let instance = try provider.addInstance(
                        named: "closed", in: hosts.right.namespace, configuration: configuration)
                    try instance.protocolHandle(.inet).register(Hook(name: "a") { _ in .pass }, on: .physicalIn)
                    try sender.send([round], to: receiver)
                    #expect(try receiver.receive()?.bytes == [round])
                    try provider.removeInstance(instance)
                    #expect(try hosts.right.execute("nft", "list", "tables") == "table ip neti\n")
                    try sender.send([100 + round], to: receiver)
                    // The event of the other family had no hook: its packet passes, after the one that must not.
                    try expectPassing(.inet6, between: hosts)
                    #expect(try receiver.socket.receiveNow() == nil)
                }
            }
        }

        @Test("Taking over, no packet meets half a chain, and nothing of the dead daemon stays (on-exit closed)")
        func takeOver() throws {
            try HostPair.with { hosts in
                var configuration = InstanceConfiguration()
                configuration.onExit = .closed
                for family in ["ip", "ip6"] {
                    try hosts.right.loadRules(
                        """
                        table \(family) neti { comment "neti 4194303 42"; chain PHYSICAL_IN {
                        type filter hook prerouting priority -450; drop; }; }
                        """)
                }
                let provider = try LinuxProvider(pumps: 1)
                defer { provider.stop() }
                let instance = try provider.addInstance(
                    named: "closed", in: hosts.right.namespace, configuration: configuration, isHeldBack: true)
                let sender = try UDPSocket(on: hosts.left, .inet)
                let receiver = try UDPSocket(on: hosts.right, .inet, port: Crossing.port)
                let handle = instance.protocolHandle(.inet)
                try handle.register(Hook(name: "count") { _ in .pass }, on: .physicalIn)
                try sender.send([1], to: receiver)
                #expect(try hosts.right.execute("nft", "list", "tables") == "table ip neti\ntable ip6 neti\n")
                try handle.register(
                    Hook(name: "filter") { packet in packet.isUDP(to: Crossing.port) ? .drop : .pass },
                    on: .physicalIn)
                try provider.startSteering(instance)
                try sender.send([2], to: receiver)
                #expect(Deadline(.seconds(3)).sees { handle.event(.physicalIn).counters.events > 0 })
                #expect(try hosts.right.execute("nft", "list", "tables") == "table ip neti\n")
                try expectPassing(.inet, between: hosts)
                try expectPassing(.inet6, between: hosts)
                #expect(try receiver.socket.receiveNow() == nil)
            }
        }

        @Test(
            "While the daemon lives nobody else takes its rules away, whatever becomes of them later",
            arguments: InstanceConfiguration.OnExit.allCases)
        func rulesAreProtected(_ onExit: InstanceConfiguration.OnExit) throws {
            try Rig.with(configure: { $0.onExit = onExit }) { rig in
                try rig.register("a", on: .physicalIn, of: .inet) { _ in .pass }
                // Before Linux 6.9 a table that stays can't be owned.
                guard try isOwned(on: rig.right) else { return #expect(onExit == .closed) }
                _ = try? rig.right.execute("nft", "flush", "ruleset")
                #expect(refusal { try rig.right.execute("nft", "delete", "table", "ip", "neti") } != nil)
                #expect(try rig.right.execute("nft", "list", "tables") == "table ip neti\n")
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
                #expect(rig.hits(on: .physicalIn, of: .inet)["a"] == 1)
            }
        }

        private func isOwned(on host: Host) throws -> Bool {
            try host.run { () throws(NetiError) in
                let socket = clnx_nft_open()
                defer { closeDescriptor(socket) }
                var table = clnx_nft_table()
                guard unsafe clnx_nft_find_table(socket, UInt8(CLNX_NFT_IPV4), "neti", &table) == 0 else {
                    return false
                }
                return table.flags & UInt32(CLNX_NFT_TABLE_OWNER) != 0
            }
        }

        @Test("Queue numbers that don't exist are refused", arguments: [(65_534, 1), (65_472, 64), (0, 0), (0, 65)])
        func impossibleQueues(_ queue: UInt16, _ queues: Int) throws {
            try Rig.with { rig in
                var configuration = InstanceConfiguration()
                (configuration.queue, configuration.queues) = (queue, queues)
                let error = refusal {
                    _ = try rig.provider.addInstance(
                        named: "none", in: rig.left.namespace, configuration: configuration)
                }
                #expect(error?.errno == .invalidArgument)
            }
        }

        private func expectPassing(_ family: NetworkFamily, between hosts: HostPair) throws {
            let sender = try UDPSocket(on: hosts.left, family)
            let receiver = try UDPSocket(on: hosts.right, family)
            try sender.send([1], to: receiver)
            #expect(try receiver.receive()?.bytes == [1])
        }

        @Test(
            "A namespace that goes while packets flow or rest is let go of with its instance", arguments: [true, false])
        func namespaceDeleted(_ isBusy: Bool) throws {
            try Rig.with { rig in
                let seen = Count()
                try rig.register("a", on: .physicalIn, of: .inet) { _ in
                    seen.raise()
                    return .pass
                }
                let flood = try isBusy ? Flood(through: rig) : nil
                if isBusy { #expect(Deadline(.seconds(3)).sees { seen.current > 1000 }) }
                rig.right.remove()
                #expect(!listFolder("/run/netns").contains(rig.right.name))
                let before = seen.current
                // Our own sockets keep it alive, so the packets go on.
                if isBusy { #expect(Deadline(.seconds(3)).sees { seen.current > before + 1000 }) }
                try rig.provider.removeInstance(rig.instance)
                try flood?.finish()
                // The end of the cable goes with the last one who held the namespace.
                #expect(Deadline(.seconds(5)).sees { (try? rig.left.ip("link", "show", Host.interface)) == nil })
                // Unregistering goes on working (R49).
                try rig.unregister("a", from: .physicalIn, of: .inet)
                #expect(refusal { try rig.register("b", on: .physicalIn, of: .inet) { _ in .pass } } != nil)
            }
        }

        @Test("An instance on a namespace that isn't there is refused, and the name stays free")
        func noNamespace() throws {
            try Rig.with { rig in
                for _ in 0..<2 {
                    let error = refusal {
                        _ = try rig.provider.addInstance(named: "none", in: .path("/run/netns/neti-nobody"))
                    }
                    #expect(error?.errno == .noSuchFileOrDirectory)
                }
                #expect(refusal { _ = try rig.provider.addInstance(named: "file", in: .path("/etc/passwd")) } != nil)
                _ = try rig.provider.addInstance(named: "none", in: rig.left.namespace)
                #expect(
                    refusal { _ = try rig.provider.addInstance(named: "none", in: rig.left.namespace) }?.errno
                        == .fileExists)
            }
        }

        @Test("Two instances of one provider each see their own packets (R110)")
        func twoInstances() throws {
            try Rig.with { rig in
                let left = try rig.provider.addInstance(named: "left", in: rig.left.namespace)
                let seen = Log<String>()
                for (name, instance, event) in [
                    ("left", left, NetworkEvent.physicalOut), ("right", rig.instance, .physicalIn),
                ] {
                    let netid = instance.netid
                    try instance.protocolHandle(.inet).register(
                        Hook(name: "look") { packet in
                            if packet.isUDP(to: Crossing.port) {
                                seen.note("\(name) \(packet.event) \(packet.netid == netid)")
                            }
                            return .pass
                        }, on: event)
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(try receiver.receive()?.bytes == [1])
                #expect(seen.entries == ["left PHYSICAL_OUT true", "right PHYSICAL_IN true"])
            }
        }
    }
}
