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
    /// NI_DIRECT_OUT on real interfaces: on which, to whom, and what becomes of the packet.
    @Suite struct PacketsGoStraightOut {
        @Test(
            "A packet to a known neighbour goes by the first call after the kernel was asked once; no hook sees it (R147, R151)",
            arguments: NetworkFamily.ip)
        func known(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let sender = try DirectSender(rig, family)
                let seen = Count()
                for event in [NetworkEvent.physicalOut, .loopbackOut, .observing] {
                    try rig.register("look", on: event, of: family) { packet in
                        if packet.isUDP(to: DirectSender.port) { seen.raise() }
                        return .pass
                    }
                }
                let wire = try CaptureSocket(on: rig.right)
                let receiver = try UDPSocket(on: rig.left, family, port: DirectSender.port)
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
                    .packet(.udp(from: 1, to: DirectSender.port), payload: [50])
                #expect(frame.bytes == packet)
                // The administrator's own entry is as he made it.
                #expect(try sender.neighbour(rig.left.address(family)).contains("PERMANENT"))
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
                let sender = try DirectSender(rig, family)
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
                let sender = try DirectSender(rig, destination.version == .v4 ? .inet : .inet6)
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
                let sender = try DirectSender(rig, family)
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
                let index = try rig.interface(up: "tun0")
                let sender = try DirectSender(rig, family)
                try sender.send([0x5A], interface: index)
                let packet = try IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                    .packet(.udp(from: 1, to: DirectSender.port), payload: [0x5A])
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
    }
}
