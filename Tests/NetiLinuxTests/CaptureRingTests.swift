// SPDX-License-Identifier: Apache-2.0

import Neti
import Testing
import Witnesses

@testable import NetiLinux

/// The memory between a pump that captures and whoever reads.
struct CaptureRingTests {
    private func header(_ number: Int, event: NetworkEvent = .physicalIn) -> CaptureRing.Header {
        CaptureRing.Header(
            size: 0, captured: 0, length: UInt32(number % 1000 + 2000), netid: NetID(rawValue: 7), inInterface: 1,
            outInterface: 2, mark: 3, family: .inet6, event: event, verdict: .drop, injections: 4, isEdited: true,
            time: UInt64(number), registration: UInt64(number) + 1)
    }

    /// Bytes that tell which packet they are of; of every length.
    private func bytes(_ number: Int) -> [UInt8] {
        (0..<(number * 37 % 1500)).map { UInt8(truncatingIfNeeded: $0 &+ number) }
    }

    @Test("A packet comes out as it went in")
    func fields() throws {
        let ring = CaptureRing(capacity: 1 << 16)
        for (number, event) in NetworkEvent.allCases.enumerated() {
            unsafe ring.write(header(number, event: event), bytes(number).span.bytes)
        }
        for (number, event) in NetworkEvent.allCases.enumerated() {
            let packet = ring.read()
            #expect(
                packet
                    == CapturedPacket(
                        verdict: .drop, netid: NetID(rawValue: 7), family: .inet6, event: event,
                        registration: UInt64(number) + 1, time: UInt64(number), inInterface: 1, outInterface: 2,
                        mark: 3,
                        injections: 4, isEdited: true, length: number + 2000, bytes: bytes(number)))
        }
        #expect(ring.read() == nil)
        #expect(ring.lost == 0)
    }

    @Test("What finds no room is counted, nothing else is lost, and the order stays, round after round")
    func wraps() throws {
        let ring = CaptureRing(capacity: 1 << 14)
        var (written, read) = (0, 0)
        var kept: [Int] = []
        for round in 0..<500 {
            for _ in 0..<(round % 23) {
                let before = ring.lost
                unsafe ring.write(header(written), bytes(written).span.bytes)
                if ring.lost == before { kept.append(written) }
                written += 1
            }
            for _ in 0..<(round % 7 + round % 13) {
                guard let packet = ring.read() else { break }
                try #require(packet.time == UInt64(kept[read]))
                try #require(packet.bytes == bytes(kept[read]))
                read += 1
            }
        }
        while let packet = ring.read() {
            try #require(packet.time == UInt64(kept[read]))
            read += 1
        }
        #expect(read == kept.count)
        #expect(ring.lost == written - kept.count)
        #expect(ring.lost > 0 && read > 1000)
    }

    @Test("The longest packets fill the smallest ring to the end and no further")
    func longest() throws {
        let ring = CaptureRing(capacity: 1 << 18)
        let bytes = [UInt8](repeating: 0xA5, count: PacketEvent.maximumLength)
        for _ in 0..<50 {
            for number in 0..<5 { unsafe ring.write(header(number), bytes.span.bytes) }
            var count = 0
            while let packet = ring.read() {
                #expect(packet.bytes == bytes && packet.time == UInt64(count))
                count += 1
            }
            #expect(count >= 2)
        }
    }

    @Test("A writer and a reader at the same time: whole packets in their order")
    func together() throws {
        let capture = PacketCapture(CaptureFilter(), lanes: 1)
        let total = 100_000
        let thread = TestThread {
            for number in 0..<total { unsafe capture.write(header(number), bytes(number).span.bytes, lane: 0) }
        }
        var (last, count) = (-1, 0)
        while count + capture.lost < total {
            for packet in capture.take(atMost: 64, bytes: 1 << 16) {
                try #require(Int(packet.time) > last)
                last = Int(packet.time)
                try #require(packet.bytes == bytes(last))
                count += 1
            }
        }
        thread.join()
        #expect(count > 1000)
    }

    @Test("Packets of all pumps are taken, none of the pumps being left behind, and no more than wanted")
    func lanes() throws {
        let capture = PacketCapture(CaptureFilter(), lanes: 3)
        for lane in [0, 2] {
            for number in 0..<10 {
                unsafe capture.write(header(lane * 100 + number), bytes(number).span.bytes, lane: lane)
            }
        }
        var times = capture.take(atMost: 4, bytes: .max).map(\.time)
        #expect(times.count == 4)
        times += capture.take(atMost: 100, bytes: 1).map(\.time)
        #expect(times.count >= 5)
        times += capture.take(atMost: 100, bytes: .max).map(\.time)
        #expect(times.filter { $0 < 100 } == (0..<10).map(UInt64.init))
        #expect(times.filter { $0 >= 200 } == (200..<210).map(UInt64.init))
        #expect(capture.take(atMost: 1, bytes: 1).isEmpty)
    }
}
