// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import NetiLinux
import Packet
import SystemPackage
import Testing

extension RealPackets {
    /// Live frames without an instance: what is written is what an interface receives.
    @Suite struct FramesAreReceived {
        private static let port: UInt16 = 7777

        @Test("This kernel has live frames")
        func probe() {
            #expect(LiveFrames.probe() == nil)
        }

        /// Does something inside a host, on a thread that does nothing else, and comes back.
        private static func inside<Value: Sendable>(
            _ host: Host, _ body: @escaping @Sendable (inout LiveFrames) -> Value
        ) throws -> Value {
            let namespace = host.namespace
            guard case .path(let path) = namespace else { throw Errno.invalidArgument }
            let identity = try NamespaceIdentity(path: path)
            return try Worker { () throws(NetiError) -> Value in
                do throws(Errno) {
                    let home = try InstanceNamespace(.own, identity: .current())
                    let away = try InstanceNamespace(namespace, identity: identity)
                    var frames = try Self.makeFrames()
                    let before = try NamespaceIdentity.current()
                    if let error = frames.warm() ?? frames.warm() { throw error }
                    guard try NamespaceIdentity.current() == before else { throw .improperLink }
                    if let error = away.enter() { throw error }
                    let value = body(&frames)
                    if let error = home.enter() { throw error }
                    guard try NamespaceIdentity.current() == before else { throw .improperLink }
                    return value
                } catch {
                    throw NetiError(error, "can't receive frames inside")
                }
            }.join()
        }

        private static func makeFrames() throws(Errno) -> LiveFrames {
            do throws(NetiError) {
                return try LiveFrames()
            } catch {
                throw error.errno
            }
        }

        /// Writes a packet in pieces, as it lies on a list.
        private static func write(_ packet: [UInt8], into frames: inout LiveFrames, to destination: UInt64) -> Bool {
            var offset = 0
            while offset < packet.count {
                let end = min(packet.count, offset + 700)
                let isWritten = unsafe packet[offset..<end].withUnsafeBytes { piece in
                    unsafe offset == 0 ? frames.start(piece) : frames.append(piece)
                }
                guard isWritten else {
                    frames.cancel()
                    return false
                }
                offset = end
            }
            let type: UInt16 = packet[0] >> 4 == 6 ? 0x86DD : 0x0800
            frames.address(to: destination, from: 0x02AB_CDEF_0102_0000, type: type)
            return true
        }

        /// The link-layer address of the right host.
        private static let right: UInt64 = 0x0200_0000_0002_0000

        @Test(
            "Frames of different lengths and contents arrive in one call, in order, as written",
            arguments: NetworkFamily.ip)
        func differentFrames(_ family: NetworkFamily) throws {
            try HostPair.with { hosts in
                let receiver = try UDPSocket(on: hosts.right, family, port: Self.port)
                let capture = try CaptureSocket(on: hosts.right)
                let headers = family == .inet ? 28 : 48
                let port = [UInt8(Self.port >> 8), UInt8(Self.port & 0xFF)]
                var lengths = (0..<LiveFrames.capacity).map { ($0 * 397) % 1400 }
                lengths[7] = LiveFrames.maximumLength - headers
                lengths[8] = 0
                let header = IPHeader(from: hosts.left.address(family), to: hosts.right.address(family))
                let packets = try lengths.enumerated().map { number, length in
                    try header.packet(
                        .udp(from: 9, to: Self.port),
                        payload: (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) })
                }
                #expect(packets[7].count == LiveFrames.maximumLength)
                let received = try Self.inside(hosts.right) { frames in
                    // Twice, so that what one call leaves behind would show in the next.
                    (0..<2).map { _ in
                        for packet in packets where !Self.write(packet, into: &frames, to: Self.right) { return -1 }
                        return Int(frames.run(on: 101))
                    }
                }
                #expect(received == [LiveFrames.capacity, LiveFrames.capacity])
                for packet in packets + packets {
                    let frame = try capture.frame { $0.bytes.dropFirst(headers - 6).starts(with: port) }
                    // Compared first, so that a failure doesn't print all of their bytes.
                    let isSame = frame?.bytes == packet && frame?.isOutgoing == false
                    #expect(isSame, "of \(packet.count) bytes")
                    let isReceived = try receiver.receive()?.bytes == Array(packet.dropFirst(headers))
                    #expect(isReceived, "of \(packet.count) bytes")
                }
                // Beside them the link is silent.
                #expect(try receiver.receive(within: .milliseconds(20)) == nil)
            }
        }

        @Test("A packet that is too long, and one that was taken back, leave no trace in the others")
        func tooLong() throws {
            try HostPair.with { hosts in
                let receiver = try UDPSocket(on: hosts.right, .inet, port: Self.port)
                let header = IPHeader(from: hosts.left.inet, to: hosts.right.inet)
                let packets = try [10, LiveFrames.maximumLength - 27, 20].map {
                    try header.packet(.udp(from: 9, to: Self.port), payload: [UInt8](repeating: 1, count: $0))
                }
                let (written, received) = try Self.inside(hosts.right) { frames in
                    let written = packets.map { Self.write($0, into: &frames, to: Self.right) }
                    return (written, frames.run(on: 101))
                }
                #expect(written == [true, false, true] && received == 2)
                #expect(try receiver.receive()?.bytes.count == 10)
                #expect(try receiver.receive()?.bytes.count == 20)
            }
        }

        @Test("An interface that doesn't exist is an error, and index 0 is none", arguments: [0, 4711] as [UInt32])
        func unknownInterface(_ interface: UInt32) throws {
            try HostPair.with { hosts in
                let packet = try IPHeader(from: hosts.left.inet, to: hosts.right.inet).packet(.udp(from: 9, to: 9))
                let received = try Self.inside(hosts.right) { frames in
                    _ = Self.write(packet, into: &frames, to: Self.right)
                    let first = frames.run(on: interface)
                    _ = Self.write(packet, into: &frames, to: Self.right)
                    return [first, frames.run(on: 101)]
                }
                #expect(received == [-ENODEV, 1])
            }
        }

        @Test("A namespace whose name stands for another one now isn't entered")
        func anotherNamespace() throws {
            try HostPair.with { hosts in
                guard case .path(let path) = hosts.left.namespace else { return }
                let left = try NamespaceIdentity(path: path)
                #expect(throws: Errno.noSuchFileOrDirectory) {
                    _ = try InstanceNamespace(hosts.right.namespace, identity: left)
                }
                #expect(throws: Errno.noSuchFileOrDirectory) {
                    _ = try InstanceNamespace(.path("/run/netns/neti-nobody"), identity: left)
                }
            }
        }
    }
}
