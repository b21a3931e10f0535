// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import neti_ctl

/// Which packets are taken, in which order, and when they are due.
struct PacketSourceTests {
    private static let inet = SamplePackets.inet([1])
    private static let inet6 = SamplePackets.inet6()

    private func withFile(_ text: CaptureText, _ body: (String) throws -> Void) async throws {
        try await withDirectory { directory in
            try Data(text.pcap).write(to: URL(filePath: "\(directory)/capture"))
            try body("\(directory)/capture")
        }
    }

    /// The clock goes back behind the third packet.
    private static let text = CaptureText(
        linkType: 1,
        frames: [
            frame(5_000, [8, 0], inet), frame(7_000, [0x86, 0xDD], inet6), frame(8_000, [8, 6], [1]),
            frame(9_000, [8, 0], inet.dropLast()), frame(6_500, [8, 0], inet),
        ])

    private static func frame(_ milliseconds: UInt64, _ type: [UInt8], _ packet: [UInt8]) -> CaptureText.Frame {
        .init(time: milliseconds * 1_000_000, bytes: [UInt8](repeating: 2, count: 12) + type + packet)
    }

    @Test func onceThrough() async throws {
        try await withFile(Self.text) { path in
            var packets = try CapturedPackets(path: path, isLoop: false)
            let isReady = packets.isReady(within: 0)
            #expect(isReady)
            #expect(try packets.next() == OfferedPacket(bytes: Self.inet, time: 0))
            let fraction = packets.fractionDone ?? 0
            #expect(fraction > 0 && fraction < 1)
            #expect(try packets.next() == OfferedPacket(bytes: Self.inet6, time: 2_000_000_000))
            #expect(try packets.next() == OfferedPacket(bytes: Self.inet, time: 2_000_000_000))
            #expect(try packets.next() == nil)
            #expect(packets.skipped == SkippedFrames(notIP: 1, cut: 1))
            #expect(packets.fractionDone == 1)
        }
    }

    @Test func overAndOverTimesGoOn() async throws {
        try await withFile(Self.text) { path in
            var packets = try CapturedPackets(path: path, isLoop: true)
            let times = try (0..<7).map { _ in try packets.next()?.time }
            #expect(times == [0, 2, 2, 2, 4, 4, 4].map { $0 * 1_000_000_000 })
            #expect(packets.fractionDone == nil)
        }
    }

    @Test func aLoopOverNothingEnds() async throws {
        try await withFile(CaptureText(linkType: 1, frames: [.init(bytes: [1, 2, 3])])) { path in
            var packets = try CapturedPackets(path: path, isLoop: true)
            #expect(try packets.next() == nil)
            #expect(packets.skipped == SkippedFrames(notIP: 1, cut: 0))
        }
    }

    @Test func givenPacketsComeInTheirOrder() {
        var once = GivenPackets([[1], [2]], isLoop: false)
        #expect((0..<3).map { _ in once.next()?.bytes } == [[1], [2], nil])
        #expect(once.fractionDone == 1)
        var loop = GivenPackets([[1], [2]], isLoop: true)
        #expect((0..<3).map { _ in loop.next()?.bytes } == [[1], [2], [1]])
    }

    @Test("Due times are absolute and never overflow")
    func due() {
        let packet = OfferedPacket(bytes: [], time: 77)
        #expect(Pacing.none.due(1_000_000, packet) == 0)
        #expect(Pacing.recorded.due(1_000_000, packet) == 77)
        #expect(Pacing.rate(3).due(0, packet) == 0)
        #expect(Pacing.rate(3).due(1, packet) == 333_333_333)
        #expect(Pacing.rate(3).due(3_000_000_000, packet) == 1_000_000_000_000_000_000)
        #expect(Pacing.rate(0.5).due(1, packet) == 2_000_000_000)
        #expect(Pacing.rate(1e-300).due(1, packet) == .max)
        #expect(Pacing.rate(.leastNonzeroMagnitude).due(1, packet) == .max)
    }
}
