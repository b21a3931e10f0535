// SPDX-License-Identifier: Apache-2.0

import ControlNoise
import FoundationEssentials
import Glibc
import Testing

@testable import neti_ctl

/// Capture files as libpcap reads them.
struct CaptureFileTests {
    private static let inet = SamplePackets.inet([1, 2, 3])
    private static let inet6 = SamplePackets.inet6([4])

    /// All frames of a file, and what ended it.
    private func read(_ bytes: [UInt8]) async throws -> (frames: [CaptureFile.Frame], error: CaptureError?) {
        try await withDirectory { directory in
            let path = "\(directory)/capture"
            try Data(bytes).write(to: URL(filePath: path))
            var frames: [CaptureFile.Frame] = []
            do throws(CaptureError) {
                var file = try CaptureFile(path: path)
                while let frame = try file.next() { frames.append(frame) }
                return (frames, nil)
            } catch {
                let text = error.description.replacing(directory, with: "")
                return (frames, CaptureError("/capture", String(text.dropFirst("/capture: ".count))))
            }
        }
    }

    @Test(
        "Both formats, byte orders and resolutions: bytes and times are those of the packets",
        arguments: CaptureText.Order.allCases, [false, true])
    func everyForm(order: CaptureText.Order, isNanoseconds: Bool) async throws {
        let nanoseconds: UInt64 = isNanoseconds ? 789 : 0
        let text = CaptureText(
            order: order, isNanoseconds: isNanoseconds,
            frames: [
                .init(time: 1_760_000_000_123_456_000 + nanoseconds, bytes: Self.inet),
                .init(time: 1_760_000_001_000_000_000, bytes: Self.inet6, originalLength: 100),
            ])
        for bytes in [text.pcap, text.pcapng] {
            let (frames, error) = try await read(bytes)
            #expect(error == nil)
            #expect(frames.map(\.bytes) == [Self.inet, Self.inet6])
            #expect(frames.map(\.isWhole) == [true, false])
            #expect(frames.map(\.time) == [1_760_000_000_123_456_000 + Int64(nanoseconds), 1_760_000_001_000_000_000])
        }
    }

    @Test(
        "Each link type that is understood",
        arguments: [
            (1, .ethernet), (101, .raw), (228, .raw), (229, .raw), (113, .cooked), (276, .cooked2),
            (0, .loopback), (108, .loopback),
        ] as [(UInt32, LinkLayer)])
    func linkTypes(number: UInt32, expected: LinkLayer) async throws {
        try await withDirectory { directory in
            for bytes in [CaptureText(linkType: number).pcap, CaptureText(linkType: number).pcapng] {
                let path = "\(directory)/capture"
                try Data(bytes).write(to: URL(filePath: path))
                let link = try CaptureFile(path: path).linkLayer
                #expect(link == expected)
            }
        }
    }

    @Test(
        "What is no capture, or none that is understood, is refused with the cause",
        arguments: [
            ([], "truncated dump file; tried to read 4 file header bytes, only got 0"),
            (Array("no capture at all, but long enough for a header".utf8), "unknown file format"),
            (
                Array(CaptureText().pcap.prefix(20)),
                "truncated dump file; tried to read 24 file header bytes, only got 16"
            ),
            (CaptureText(linkType: 105).pcap, "no IP packets can be taken out of link type 802.11"),
            (CaptureText(linkType: 60_000).pcap, "no IP packets can be taken out of link type DLT 60000"),
        ] as [([UInt8], String)])
    func refused(bytes: [UInt8], cause: String) async throws {
        let (frames, error) = try await read(bytes)
        #expect(frames.isEmpty)
        #expect(error?.description == "/capture: \(cause)")
    }

    @Test("A file that is cut anywhere gives what is whole, and names the packet that isn't")
    func cutFiles() async throws {
        let text = CaptureText(frames: [.init(bytes: Self.inet), .init(bytes: Self.inet6)])
        let boundary = 24 + 16 + Self.inet.count
        for length in 24..<text.pcap.count {
            let (frames, error) = try await read(Array(text.pcap.prefix(length)))
            #expect(frames.map(\.bytes) == (length < boundary ? [] : [Self.inet]))
            let isWhole = length == 24 || length == boundary
            let number = length < boundary ? 1 : 2
            let isNamed = error?.description.hasPrefix("/capture: packet \(number): truncated dump file") ?? false
            #expect(isWhole ? error == nil : isNamed, "\(length): \(error?.description ?? "-")")
        }
        for length in 0..<text.pcapng.count {
            let (frames, _) = try await read(Array(text.pcapng.prefix(length)))
            #expect(frames.count < 2)
        }
    }

    @Test("Lengths that no capture has are refused, not believed", arguments: [262_145, 0x7FFF_FFFF, 0xFFFF_FFFF])
    func absurdLengths(length: UInt32) async throws {
        var bytes = CaptureText(frames: [.init(bytes: Self.inet)]).pcap
        for index in 0..<4 { bytes[24 + 8 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
        let (frames, error) = try await read(bytes)
        #expect(frames.isEmpty)
        #expect(error?.description.hasPrefix("/capture: packet 1: ") == true)
    }

    @Test("Damaged files end in packets or errors")
    func damagedFiles() async throws {
        let frames = (0..<3).map { CaptureText.Frame(time: UInt64($0) * 1_000_000, bytes: Self.inet) }
        try await withDirectory { directory in
            for seed in 0..<2000 as Range<UInt64> {
                var random = SeededGenerator(seed: seed)
                let text = CaptureText(
                    isNanoseconds: seed.isMultiple(of: 3), linkType: seed.isMultiple(of: 5) ? 1 : 101, frames: frames)
                var bytes = seed.isMultiple(of: 2) ? text.pcap : text.pcapng
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                try Data(bytes).write(to: URL(filePath: "\(directory)/capture"))
                do {
                    var packets = try CapturedPackets(path: "\(directory)/capture", isLoop: false)
                    var last: Int64 = 0
                    while let packet = try packets.next() {
                        #expect(!packet.bytes.isEmpty && packet.time >= last, "seed \(seed)")
                        last = packet.time
                    }
                } catch let error as CaptureError {
                    #expect(error.description.hasPrefix(directory), "seed \(seed)")
                }
            }
        }
    }

    @Test func aFileThatIsNotThereOrNoFile() {
        #expect(throws: CaptureError("/nowhere/a", "No such file or directory")) {
            _ = try CaptureFile(path: "/nowhere/a")
        }
        #expect(throws: CaptureError.self) { _ = try CaptureFile(path: "/tmp") }
        #expect(throws: CaptureError("/dev/null", "can't be read twice, as --loop needs")) {
            _ = try CapturedPackets(path: "/dev/null", isLoop: true)
        }
    }
}
