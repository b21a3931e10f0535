// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import SystemPackage
import Testing

extension RealPackets {
    /// NI_DIRECT_OUT on real interfaces: at once, or when the next hop's link-layer address is found.
    @Suite struct PacketsGoStraightOut {
        private static let port: UInt16 = 7777

        /// Sends datagrams from the right host without asking anybody, and hears of what becomes of them.
        private struct Sender {
            let rig: Rig
            let family: NetworkFamily
            let delivery: HandDelivery

            init(_ rig: Rig, _ family: NetworkFamily) throws {
                self.rig = rig
                self.family = family
                delivery = try HandDelivery(of: rig)
            }

            func send(
                _ payload: [UInt8], to destination: IPAddress? = nil, interface: UInt32? = nil,
                nextHop: IPAddress? = nil, mark: UInt32 = 0
            ) throws {
                let destination = destination ?? rig.left.address(family)
                let packet = try IPHeader(from: rig.right.address(family), to: destination)
                    .packet(.udp(from: 1, to: port), payload: payload)
                try unsafe rig.instance.protocolHandle(family).inject(
                    .directOut, packet.span.bytes, interface: interface ?? rig.interface(), nextHop: nextHop,
                    mark: mark)
            }

            func refusal(_ body: (Sender) throws -> Void) -> InjectionError.Reason? {
                do {
                    try body(self)
                    return nil
                } catch {
                    return (error as? InjectionError)?.reason
                }
            }

            /// Has the right host forget what it was told of a neighbour.
            func forget(_ neighbour: IPAddress) throws {
                try rig.right.ip("neighbour", "delete", "\(neighbour)", "dev", Host.interface)
            }

            /// What the right host knows of it, in the words of ip-neighbour(8).
            func neighbour(_ address: IPAddress) throws -> String {
                try rig.right.ip("neighbour", "show", "\(address)", "dev", Host.interface)
            }
        }

        @Test(
            "A packet to a known neighbour goes by the first call after the kernel was asked once; no hook sees it (R147, R151)",
            arguments: NetworkFamily.ip)
        func known(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let seen = Count()
                for event in [NetworkEvent.physicalOut, .loopbackOut, .observing] {
                    try rig.register("look", on: event, of: family) { packet in
                        if packet.isUDP(to: Self.port) { seen.raise() }
                        return .pass
                    }
                }
                let wire = try CaptureSocket(on: rig.right)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                try sender.send([1])
                #expect(sender.delivery.status["unresolved"] == 1)
                #expect(sender.delivery.deliverAll())
                #expect(try receiver.receive()?.bytes == [1])
                for number in 2..<100 as Range<UInt8> {
                    try sender.send([number])
                    #expect(try receiver.receive()?.bytes == [number])
                }
                #expect(sender.delivery.status["unresolved"] == 1)
                #expect(sender.delivery.status["direct_out"] == 99)
                #expect(seen.current == 0)
                let frame = try #require(try wire.frame { $0.bytes.last == 50 && $0.isOutgoing })
                let packet = try IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                    .packet(.udp(from: 1, to: Self.port), payload: [50])
                #expect(frame.bytes == packet)
                // The administrator's own entry is as he made it.
                #expect(try sender.neighbour(rig.left.address(family)).contains("PERMANENT"))
            }
        }

        @Test(
            "Packets for a next hop that has to be asked for wait, and arrive in order (R147)",
            arguments: NetworkFamily.ip)
        func resolved(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                try sender.forget(rig.left.address(family))
                let asked = Count()
                if family == .inet {
                    try rig.register("look", on: .physicalOut, of: .arp) { _ in
                        asked.raise()
                        return .pass
                    }
                }
                for number in 0..<40 as Range<UInt8> { try sender.send([number]) }
                #expect(try receiver.receive(within: .milliseconds(20)) == nil)
                sender.delivery.deliver()
                // Some more while the neighbour is asked, and when its address is known.
                for number in 40..<60 as Range<UInt8> {
                    try sender.send([number])
                    sender.delivery.deliver()
                }
                #expect(sender.delivery.deliverAll())
                for number in 60..<80 as Range<UInt8> { try sender.send([number]) }
                for number in 0..<80 as Range<UInt8> { #expect(try receiver.receive()?.bytes == [number]) }
                #expect(try sender.neighbour(rig.left.address(family)).contains("REACHABLE"))
                if family == .inet { #expect(Deadline(.seconds(3)).sees { asked.current > 0 }) }
            }
        }

        @Test(
            "Packets of several threads stay in each one's order while the next hop comes and goes",
            arguments: NetworkFamily.ip)
        func orderOfThreads(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let receiver = try UDPSocket(
                    on: rig.left, at: rig.left.address(family), port: Self.port, receiveBuffer: 64 << 20)
                let threads: UInt8 = 3
                let interface = try rig.interface()
                let handle = rig.instance.protocolHandle(family)
                let header = IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                let running = Count()
                let workers = try (0..<threads).map { thread in
                    try Worker { () throws(NetiError) in
                        defer { running.raise() }
                        for number in 0..<3000 {
                            let payload = [thread, UInt8(number & 0xFF), UInt8(number >> 8)]
                            guard let packet = try? header.packet(.udp(from: 1, to: Self.port), payload: payload)
                            else { continue }
                            // A full list is tried again: a packet that is the caller's still.
                            let deadline = Deadline(.seconds(20))
                            while !deadline.isOver {
                                do throws(InjectionError) {
                                    try unsafe handle.inject(.directOut, packet.span.bytes, interface: interface)
                                    break
                                } catch {
                                    guard error.returnValue == -1 else { break }
                                    usleep(100)
                                }
                            }
                            if number % 100 == 0 { usleep(200) }
                        }
                    }
                }
                var round = 0
                let isOver = try Deadline(.seconds(20)).sees {
                    sender.delivery.deliver()
                    round += 1
                    // It is known all the time, and forgotten by the kernel now and then.
                    if round % 8 == 0 {
                        try? sender.forget(rig.left.address(family))
                        let address = rig.left.linkLayer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                        try rig.right.ip(
                            "neighbour", "replace", "\(rig.left.address(family))", "lladdr",
                            address.joined(separator: ":"), "dev", Host.interface, "nud", "permanent")
                    }
                    return running.current == Int(threads)
                }
                for worker in workers { try worker.join() }
                #expect(isOver)
                #expect(sender.delivery.deliverAll())
                var last = [Int](repeating: -1, count: Int(threads))
                var arrived = 0
                while let bytes = try receiver.receive(within: .milliseconds(100))?.bytes {
                    let number = Int(bytes[1]) | Int(bytes[2]) << 8
                    #expect(number > last[Int(bytes[0])], "thread \(bytes[0]): \(number)")
                    last[Int(bytes[0])] = number
                    arrived += 1
                }
                #expect(arrived + Int(sender.delivery.status["unreachable"]) == 3000 * Int(threads))
                #expect(sender.delivery.status["unresolved"] > 1)
            }
        }

        @Test("For a next hop that nobody is, packets wait three seconds and are counted", arguments: NetworkFamily.ip)
        func unreachable(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let nobody = try #require(IPAddress(family == .inet ? "192.0.2.99" : "2001:db8::99"))
                for _ in 0..<70 { try sender.send([1], nextHop: nobody) }
                sender.delivery.deliver()
                // More than may wait for one next hop.
                #expect(
                    Deadline(.seconds(1)).sees { () -> Bool in
                        sender.delivery.deliver()
                        return sender.delivery.status["unreachable"] == 6
                    })
                // Others aren't held up.
                try sender.send([2])
                #expect(sender.delivery.status.packets == 65)
                sender.delivery.deliver()
                #expect(
                    try Deadline(.seconds(2)).sees {
                        sender.delivery.deliver()
                        return try receiver.receive(within: .milliseconds(1))?.bytes == [2]
                    })
                #expect(sender.delivery.deliverAll(within: .seconds(6)))
                #expect(sender.delivery.status["unreachable"] == 70)
            }
        }

        @Test(
            "A neighbour that changes its link-layer address gets packets at the new one; one that is gone is asked for",
            arguments: NetworkFamily.ip)
        func changedAddress(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                try sender.send([1])
                #expect(sender.delivery.deliverAll())
                #expect(try receiver.receive()?.bytes == [1])
                try rig.left.ip("link", "set", Host.interface, "address", "02:00:00:00:00:77")
                try rig.right.ip(
                    "neighbour", "replace", "\(rig.left.address(family))", "lladdr", "02:00:00:00:00:77", "dev",
                    Host.interface, "nud", "permanent")
                sender.delivery.deliver()
                try sender.send([2])
                #expect(sender.delivery.status["unresolved"] == 1)
                #expect(try receiver.receive()?.bytes == [2])
                try sender.forget(rig.left.address(family))
                sender.delivery.deliver()
                try sender.send([3])
                #expect(sender.delivery.status["unresolved"] == 2)
                #expect(sender.delivery.deliverAll())
                #expect(try receiver.receive()?.bytes == [3])
            }
        }

        @Test("An address that went stale is confirmed while packets go there", arguments: NetworkFamily.ip)
        func stale(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let address = rig.left.linkLayer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(
                    separator: ":")
                func set(_ state: String) throws {
                    try rig.right.ip(
                        "neighbour", "replace", "\(rig.left.address(family))", "lladdr", address, "dev",
                        Host.interface, "nud", state)
                }
                try set("reachable")
                try sender.send([1])
                #expect(sender.delivery.deliverAll())
                try set("stale")
                #expect(
                    try Deadline(.seconds(6)).sees {
                        try sender.send([2])
                        sender.delivery.deliver()
                        return try !sender.neighbour(rig.left.address(family)).contains("STALE")
                    })
                #expect(sender.delivery.status["unresolved"] == 1)
            }
        }

        @Test(
            "Routing chooses where no interface is named, gateways included; a next hop is taken as it is",
            arguments: NetworkFamily.ip)
        func routing(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let far = try #require(IPAddress(family == .inet ? "203.0.113.9" : "2001:db8:9::9"))
                let gateway = rig.left.address(family)
                try rig.right.ip(
                    family == .inet ? "-4" : "-6", "route", "add", "\(far)/\(family == .inet ? 32 : 128)", "via",
                    "\(gateway)")
                let handle = rig.instance.protocolHandle(family)
                #expect(Deadline(.seconds(3)).sees { handle.route(to: far)?.address == gateway })
                let sender = try Sender(rig, family)
                let wire = try CaptureSocket(on: rig.left)
                try sender.send([0x51], to: far, interface: 0)
                try sender.send([0x52], to: far, nextHop: gateway)
                try sender.send([0x53], to: far, interface: 0, nextHop: gateway)
                #expect(sender.delivery.deliverAll())
                for last in [0x51, 0x52, 0x53] as [UInt8] {
                    #expect(try wire.frame { $0.bytes.last == last && $0.bytes.count < 60 } != nil)
                }
                let nowhere = try #require(IPAddress(family == .inet ? "198.51.100.1" : "2001:db8:ffff::1"))
                #expect(sender.refusal { try $0.send([1], to: nowhere, interface: 0) } == .unreachable)
                // An address of this host is reached by loopback. IPv4 takes it there only where `accept_local` says so.
                let own = try CaptureSocket(on: rig.right, interface: "lo")
                try sender.send([0x54], to: rig.right.address(family), interface: 0)
                #expect(try own.frame { $0.bytes.last == 0x54 && $0.bytes.count < 60 } != nil)
                #expect(sender.delivery.status["unreachable"] == 1)
            }
        }

        @Test(
            "Groups and broadcasts need nobody to be asked",
            arguments: ["224.0.0.99", "255.255.255.255", "192.0.2.255", "ff02::99"])
        func groups(_ address: String) throws {
            try Rig.with { rig in
                let destination = try #require(IPAddress(address))
                if address == "192.0.2.255" {
                    try rig.right.ip("address", "add", "192.0.2.222/24", "broadcast", "+", "dev", Host.interface)
                    let handle = rig.instance.protocolHandle(.inet)
                    let index = try rig.interface()
                    #expect(
                        Deadline(.seconds(3)).sees {
                            handle.addresses(of: index, logical: 2)?.broadcast == destination
                        })
                }
                let sender = try Sender(rig, destination.version == .v4 ? .inet : .inet6)
                let wire = try CaptureSocket(on: rig.left)
                try sender.send([0x5A], to: destination)
                let frame = try #require(try wire.frame { $0.bytes.last == 0x5A && $0.bytes.count < 60 })
                // PACKET_BROADCAST, PACKET_MULTICAST.
                #expect(frame.type == (address.hasSuffix(".255") ? 1 : 2))
                #expect(sender.delivery.status["unresolved"] == 0)
            }
        }

        @Test("What can't be sent is refused with its reason, and gone (R147, R151)", arguments: NetworkFamily.ip)
        func refused(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try Sender(rig, family)
                let header = family == .inet ? 28 : 48
                try sender.send([UInt8](repeating: 1, count: 1500 - header))
                #expect(sender.refusal { try $0.send([UInt8](repeating: 1, count: 1501 - header)) } == .tooLong)
                #expect(sender.refusal { try $0.send([1], interface: 4711) } == .unknownInterface)
                try rig.right.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
                let handle = rig.instance.protocolHandle(family)
                #expect(Deadline(.seconds(3)).sees { handle.interface(named: "other0") != nil })
                let other = try #require(handle.interface(named: "other0"))
                #expect(sender.refusal { try $0.send([1], interface: other) } == .interfaceDown)
                #expect(sender.delivery.deliverAll())
            }
        }

        @Test("A device without link-layer addresses takes packets as they are", arguments: NetworkFamily.ip)
        func tunnel(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let device = try Self.openTunnel(on: rig.right)
                defer { closeDescriptor(device) }
                try rig.right.ip("link", "set", "tun0", "up")
                let handle = rig.instance.protocolHandle(family)
                let index = try #require(handle.interface(named: "tun0"))
                #expect(Deadline(.seconds(3)).sees { handle.flags(of: index)?.contains(.up) == true })
                let sender = try Sender(rig, family)
                try sender.send([0x5A], interface: index)
                let packet = try IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                    .packet(.udp(from: 1, to: Self.port), payload: [0x5A])
                var bytes = [UInt8](repeating: 0, count: 2000)
                let arrives = Deadline(.seconds(3)).sees {
                    // The kernel sends packets of its own there.
                    let count = unsafe read(device, &bytes, bytes.count)
                    return count > 0 && Array(bytes.prefix(count)) == packet
                }
                #expect(arrives)
                #expect(sender.delivery.status["unresolved"] == 0)
            }
        }

        /// A tun device whose packets come without a header, held open so that it runs.
        private static func openTunnel(on host: Host) throws -> Int32 {
            try host.run { () throws(NetiError) in
                let device = unsafe open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
                guard device >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open /dev/net/tun") }
                // struct ifreq: a name of 16 bytes, then IFF_TUN and IFF_NO_PI.
                var request = Array("tun0".utf8) + [UInt8](repeating: 0, count: 36)
                (request[16], request[17]) = (0x01, 0x10)
                guard unsafe ioctl(device, 0x4004_54CA, &request) == 0 else {
                    close(device)
                    throw NetiError(Errno(rawValue: errno), "can't make a tun device")
                }
                return device
            }
        }

        @Test("When there is no room to wait, the packet stays the caller's and later ones go on (R147)")
        func fullList() throws {
            var limits = InjectionLimits()
            limits.packets = 4
            try Rig.with(injection: limits) { rig in
                let sender = try Sender(rig, .inet)
                let receiver = try UDPSocket(on: rig.left, .inet, port: Self.port)
                for number in 0..<4 as Range<UInt8> { try sender.send([number]) }
                #expect(sender.refusal { try $0.send([9]) } == .listFull)
                #expect(sender.delivery.deliverAll())
                try sender.send([4])
                #expect(sender.delivery.status["unresolved"] == 5)
                for number in 0..<5 as Range<UInt8> { #expect(try receiver.receive()?.bytes == [number]) }
            }
        }
    }
}
