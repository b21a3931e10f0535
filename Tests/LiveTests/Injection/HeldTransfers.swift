// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Testing

extension RealPackets {
    /// Connections go on when every packet of theirs is held and put back.
    @Suite struct HeldTransfers {
        /// 100 MB that hardly repeat.
        private static func stream(_ count: Int) -> [UInt8] {
            var state: UInt64 = 0x9E37_79B9_7F4A_7C15
            return (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        }

        private static func digest(of bytes: [UInt8]) throws -> String {
            let path = "/tmp/neti-transfer-\(getpid())"
            let file = unsafe fopen(path, "w")
            try #require(unsafe file != nil)
            defer { unsafe unlink(path) }
            let written = unsafe fwrite(bytes, 1, bytes.count, file)
            unsafe fclose(file)
            #expect(written == bytes.count)
            return String(try Command.run("sha256sum", [path]).prefix(64))
        }

        @Test(
            "100 MB of TCP come through a hook that holds and injects every packet, both ways, with the right SHA-256",
            .timeLimit(.minutes(3)))
        func transfer() throws {
            try Rig.with(configure: { $0.gso = false }) { rig in
                let stamp = try rig.instance.takeStamp()
                let held = Count()
                for event in [NetworkEvent.physicalIn, .physicalOut] {
                    try rig.register("hold", on: event, of: .inet) { packet in
                        if packet.stamps.contains(stamp) { return .pass }
                        do throws(InjectionError) {
                            try packet.hold(for: .zero, stamps: stamp)
                            held.raise()
                            return .pass
                        } catch {
                            return .drop
                        }
                    }
                }
                let listener = try TCPListener(on: rig.right, .inet, port: Crossing.port)
                let client = try TCPConnection(from: rig.left, to: listener.address)
                let server = try #require(try listener.accept())
                let sent = Self.stream(100_000_000)
                let received = try client.carry(sent, to: server, within: .seconds(150))
                #expect(received.count == sent.count)
                #expect(try Self.digest(of: received) == Self.digest(of: sent))
                // 1,448 bytes a segment, and some of the acknowledgments.
                #expect(held.current > 70_000)
                #expect(
                    Deadline(.seconds(3)).sees {
                        rig.injected("delivered_in") + rig.injected("delivered_out") == UInt64(held.current)
                    })
            }
        }
    }
}
