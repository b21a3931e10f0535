// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// NI_DIRECT_OUT where the next hop's link-layer address has to be found first, becomes another one, or is nobody's.
    @Suite struct NextHopsAreFound {
        @Test(
            "Packets for a next hop that has to be asked for wait, and arrive in order (R147)",
            arguments: NetworkFamily.ip)
        func resolved(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try DirectSender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: DirectSender.port)
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
                let sender = try DirectSender(rig, family)
                let receiver = try UDPSocket(
                    on: rig.left, at: rig.left.address(family), port: DirectSender.port, receiveBuffer: 64 << 20)
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
                            guard
                                let packet = try? header.packet(.udp(from: 1, to: DirectSender.port), payload: payload)
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
                let sender = try DirectSender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: DirectSender.port)
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
                let sender = try DirectSender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: DirectSender.port)
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
                let sender = try DirectSender(rig, family)
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
            "An address that the kernel has told in time counts, also where that is looked at late",
            arguments: NetworkFamily.ip)
        func toldInTime(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try DirectSender(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: DirectSender.port)
                // Nobody answers for it, so nothing is told before the test does it.
                let silent = try #require(IPAddress(family == .inet ? "192.0.2.99" : "2001:db8::99"))
                try sender.send([1], nextHop: silent)
                let isAsked = Deadline(.seconds(1)).sees {
                    sender.delivery.deliver()
                    return sender.delivery.neighbours.nextTick != nil
                }
                #expect(isAsked)
                let address = rig.left.linkLayer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                try rig.right.ip(
                    "neighbour", "replace", "\(silent)", "lladdr", address.joined(separator: ":"), "dev",
                    Host.interface, "nud", "permanent")
                sender.delivery.neighboursTick(after: .seconds(4))
                #expect(sender.delivery.status["unreachable"] == 0)
                #expect(try receiver.receive()?.bytes == [1])
            }
        }

        @Test("When there is no room to wait, the packet stays the caller's and later ones go on (R147)")
        func fullList() throws {
            var limits = InjectionLimits()
            limits.packets = 4
            try Rig.with(injection: limits) { rig in
                let sender = try DirectSender(rig, .inet)
                let receiver = try UDPSocket(on: rig.left, .inet, port: DirectSender.port)
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
