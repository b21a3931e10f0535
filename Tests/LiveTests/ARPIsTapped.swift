// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import SystemPackage
import Testing

extension RealPackets {
    /// ARP packets are shown to hooks on both events of the family and go on whatever those say (R89 to R91, R103).
    @Suite struct ARPIsTapped {
        /// What a hook was told of an ARP packet, and the packet's operation: 1 request, 2 reply (RFC 826).
        private struct Seen: Sendable, Equatable {
            var event: NetworkEvent
            var operation: UInt8
            var inInterface: UInt32
            var outInterface: UInt32
            var flags: PacketFlags = []
        }

        /// Forgets what was told about link-layer addresses and asks anew, from one host for the other.
        private func resolve(from one: Host, _ other: Host) throws {
            for (host, peer) in [(one, other), (other, one)] {
                _ = try? host.ip("neighbour", "delete", "\(peer.inet)", "dev", Host.interface)
            }
            let receiver = try UDPSocket(on: other, .inet)
            let sender = try UDPSocket(on: one, .inet)
            try sender.send([1], to: receiver)
            #expect(try receiver.receive()?.bytes == [1])
        }

        @Test(
            "Request and reply are seen in both directions, with interfaces, from the ARP header on (R89 to R91)",
            arguments: [true, false])
        func requestAndReply(_ isAsked: Bool) throws {
            try Rig.with { rig in
                let seen = Log<Seen>()
                let headers = Log<[UInt8]>()
                let lanes = Log<Int>()
                for event in NetworkFamily.arp.events {
                    try rig.register("look", on: event, of: .arp) { packet in
                        let bytes = packet.bytes.copied
                        // Hardware and protocol type, lengths of addresses: Ethernet and IPv4.
                        headers.note(Array(bytes.prefix(7)))
                        lanes.note(packet.lane)
                        seen.note(
                            Seen(
                                event: packet.event, operation: bytes.count >= 28 ? bytes[7] : 0,
                                inInterface: packet.inInterface, outInterface: packet.outInterface,
                                flags: packet.flags))
                        return .pass
                    }
                }
                let index = try #require(rig.instance.interfaces.current.first { $0.name == Host.interface }?.index)
                try isAsked ? resolve(from: rig.left, rig.right) : resolve(from: rig.right, rig.left)
                let request = isAsked ? NetworkEvent.physicalIn : .physicalOut
                let reply = isAsked ? NetworkEvent.physicalOut : .physicalIn
                func wanted(_ event: NetworkEvent, _ operation: UInt8) -> Seen {
                    Seen(
                        event: event, operation: operation, inInterface: event == .physicalIn ? index : 0,
                        outInterface: event == .physicalOut ? index : 0)
                }
                let all = [wanted(request, 1), wanted(reply, 2)]
                #expect(Deadline(.seconds(3)).sees { all.allSatisfy(seen.entries.contains) }, "\(seen.entries)")
                #expect(headers.entries.allSatisfy { $0 == [0, 1, 8, 0, 6, 4, 0] })
                #expect(lanes.entries.allSatisfy { (0..<2).contains($0) })
                // No other kind of packet comes this way.
                #expect(seen.entries.allSatisfy { [1, 2].contains($0.operation) })
            }
        }

        @Test("Dropping, consuming, marking and editing change nothing; a drop still ends the walk (R81, R103)")
        func withoutEffect() throws {
            try Rig.with { rig in
                let refusals = Log<PacketEvent.EditError?>()
                let later = Count()
                for event in NetworkFamily.arp.events {
                    try rig.register("meddle", on: event, of: .arp, hint: .first) { packet in
                        packet.mark = 5
                        packet.consume()
                        do throws(PacketEvent.EditError) {
                            try packet.resize(to: 0)
                            refusals.note(nil)
                        } catch {
                            refusals.note(error)
                        }
                        return .drop
                    }
                    try rig.register("later", on: event, of: .arp) { _ in
                        later.raise()
                        return .pass
                    }
                }
                try resolve(from: rig.left, rig.right)
                #expect(Deadline(.seconds(3)).sees { refusals.entries.count >= 2 })
                #expect(refusals.entries.allSatisfy { $0 == .readOnly })
                #expect(later.current == 0)
            }
        }

        @Test("The tap is there while a hook is, and nothing is steered for it")
        func comesAndGoes() throws {
            try Rig.with { rig in
                func taps() throws -> Int {
                    // A line for each packet socket, after the heading.
                    try rig.right.procFile("net/packet").split(separator: "\n").count - 1
                }
                #expect(try taps() == 0)
                try rig.register("a", on: .physicalIn, of: .arp) { _ in .pass }
                #expect(try taps() == 1)
                try rig.register("a", on: .physicalOut, of: .arp) { _ in .pass }
                try rig.register("b", on: .physicalOut, of: .arp) { _ in .pass }
                #expect(try taps() == 2)
                #expect(try rig.right.execute("nft", "list", "ruleset") == "")
                #expect(rig.provider.status(of: rig.instance)?.queues.isEmpty == true)
                try rig.unregister("a", from: .physicalOut, of: .arp)
                #expect(try taps() == 2)
                try rig.unregister("b", from: .physicalOut, of: .arp)
                #expect(try Deadline(.seconds(3)).sees { try taps() == 1 })
                try rig.provider.removeInstance(rig.instance)
                #expect(try taps() == 0)
            }
        }

        @Test("ARP has its two events and no other (R5)", arguments: ["FORWARDING", "LOOPBACK_IN", "OBSERVING"])
        func otherEvents(_ event: String) throws {
            try Rig.with { rig in
                let hook = Hook<PacketEvent>(name: "a") { _ in .pass }
                #expect {
                    try rig.instance.protocolHandle(.arp).register(hook, onEventNamed: event)
                } throws: { error in
                    (error as? NetiError)?.errno == .noSuchAddressOrDevice
                }
            }
        }
    }
}
