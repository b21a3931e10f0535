// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import Packet
import Testing

extension RealPackets {
    /// Frames from the wire whose source is all but one under which a packet was injected.
    @Suite struct SimilarSources {
        private static let port: UInt16 = 7777

        private struct Told: Sendable, Equatable {
            var injections: Int
            var source: [UInt8]
        }

        private static func text(_ address: [UInt8]) -> String {
            address.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
        }

        @Test("A source that differs in one bit is its sender's, and the packet a new one")
        func oneBit() throws {
            try Rig.with { rig in
                let told = Log<Told>()
                try rig.register("look", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Self.port) {
                        let source = packet.metadata.linkLayerSource
                        told.note(
                            Told(
                                injections: packet.injections,
                                source: (0..<6).map { UInt8(truncatingIfNeeded: source >> (56 - 8 * UInt64($0))) }))
                    }
                    return .pass
                }
                let packet = try IPHeader(from: rig.left.inet, to: rig.right.inet)
                    .packet(.udp(from: 9, to: Self.port), payload: [1])
                let capture = try CaptureSocket(on: rig.right)
                try rig.instance.protocolHandle(.inet).inject(.queueIn, packet, interface: rig.interface())
                let source = try #require(try capture.frame { $0.bytes == packet }).linkLayerSource
                try #require(source.count == 6)
                #expect(Deadline(.seconds(3)).sees { told.entries.count == 1 })
                // Its own source isn't known, and ours is nobody's business.
                #expect(told.entries == [Told(injections: 1, source: [0, 0, 0, 0, 0, 0])])

                let wire = try CaptureSocket(on: rig.left)
                func send(from address: [UInt8]) throws -> Told? {
                    let count = told.entries.count
                    try rig.left.ip("link", "set", Host.interface, "address", Self.text(address))
                    try wire.send(packet, to: rig.right.linkLayer)
                    #expect(Deadline(.seconds(3)).sees { told.entries.count == count + 1 })
                    return told.entries.last
                }
                // An interface can't have an address with the bit of a group.
                for bit in 0..<48 where bit != 40 {
                    var other = source
                    other[5 - bit / 8] ^= 1 << UInt8(bit % 8)
                    #expect(try send(from: other) == Told(injections: 0, source: other), "bit \(bit)")
                }
                // The address alone decides, so the frames above were otherwise right.
                #expect(try send(from: source)?.injections == 1)
            }
        }
    }
}
