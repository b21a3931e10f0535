// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NetiControl
import Testing

@testable import neti_ctl

/// Captures as other programs read them: libpcap, which `neti-ctl inject` uses, and tshark.
struct PcapngWriterTests {
    private func write(_ packets: [Capture.Packet], snaplen: Int = 0) -> [UInt8] {
        var writer = PcapngWriter(application: "neti-ctl", snaplen: snaplen)
        for packet in packets { writer.write(packet) }
        return writer.take()
    }

    @Test("libpcap reads packets, times to the nanosecond, and what was cut off")
    func libpcap() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/capture.pcapng"
            try Data(write(Samples.captured)).write(to: URL(filePath: path))
            var file = try CaptureFile(path: path)
            for packet in Samples.captured {
                let frame = try #require(try file.next())
                #expect(frame.bytes.dropFirst(16).elementsEqual(packet.bytes.bytes))
                #expect(frame.time == Int64(packet.seconds) * 1_000_000_000 + Int64(packet.nanoseconds))
                #expect(frame.isWhole == (packet.length == packet.bytes.bytes.count))
            }
            #expect(try file.next() == nil)
        }
    }

    @Test("tshark reads comments, the names of the places where packets were met, and their directions")
    func tshark() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/capture.pcapng"
            try Data(write(Samples.captured)).write(to: URL(filePath: path))
            let fields = [
                "frame.comment", "frame.interface_name", "frame.interface_description", "frame.packet_flags_direction",
                "frame.len", "frame.cap_len", "ip.src", "udp.dstport",
            ]
            let result = try await run(
                ["tshark", "-r", path, "-T", "fields", "-E", "separator=|"] + fields.flatMap { ["-e", $0] })
            #expect(result.status == 0, "\(result.errors)")
            let lines = result.output.split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
            try #require(lines.map(\.count) == [8, 8, 8, 8])
            #expect(
                lines.map { $0[0] } == [
                    "drop by filter", "pass, edited, mark 0x10, injected 2 times",
                    "consume by hold \u{e9}, injected 1 time", "drop",
                ])
            let places = [
                "blue PHYSICAL_IN veth0", "global PHYSICAL_OUT eth0", "blue FORWARDING veth0", "blue PHYSICAL_IN veth0",
            ]
            #expect(lines.map { $0[1] } == places)
            #expect(lines[0][2] == "IP instance blue (netid 1), PHYSICAL_IN, inbound, interface veth0")
            #expect(lines[1][2] == "IP instance global (netid 0), PHYSICAL_OUT, outbound, interface eth0")
            #expect(lines[2][2] == "IP instance blue (netid 1), FORWARDING, on its way through, interface veth0")
            #expect(lines.map { $0[3] } == ["0x00000001", "0x00000002", "0x00000000", "0x00000001"])
            #expect(lines.map { $0[4] } == ["47", "1416", "47", "47"])
            #expect(lines.allSatisfy { $0[5...] == ["47", "192.0.2.1", "9"] })
        }
    }

    @Test("The bytes of a small capture, block by block")
    func golden() {
        var packet = Samples.captured[3]
        packet.bytes = HexadecimalBytes([0x45, 1, 2, 3, 4])
        packet.length = 6
        packet.instance = "a"
        packet.inInterface = "e"
        func little(_ words: UInt32...) -> [UInt8] {
            words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        }
        let description = Array("IP instance a (netid 1), PHYSICAL_IN, inbound, interface e".utf8)
        let time: UInt64 = 1_760_000_003 * 1_000_000_000
        let application: [UInt8] = Array("neti-ctl".utf8)
        let section: [UInt8] =
            little(0x0A0D_0D0A, 44, 0x1A2B_3C4D, 1, .max, .max, 4 | 8 << 16) + application + little(0, 44)
        #expect(description.count == 58)
        var interface: [UInt8] = little(1, 116, 113, 112, 2 | 15 << 16)
        interface += Array("a PHYSICAL_IN e".utf8) + [0]
        interface += little(3 | 58 << 16) + description + [0, 0]
        interface += little(9 | 1 << 16, 9, 0, 116)
        var enhanced: [UInt8] = little(6, 76, 0, UInt32(time >> 32), UInt32(truncatingIfNeeded: time), 21, 22)
        enhanced += [0, 0, 0xFF, 0xFE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]
        enhanced += [0x45, 1, 2, 3, 4, 0, 0, 0]
        enhanced += little(1 | 4 << 16) + Array("drop".utf8)
        enhanced += little(2 | 4 << 16, 1, 0, 76)
        let written = write([packet], snaplen: 96)
        #expect(written.prefix(44).elementsEqual(section))
        #expect(written.dropFirst(44).dropLast(76).elementsEqual(interface))
        #expect(written.suffix(76).elementsEqual(enhanced))
    }
}
