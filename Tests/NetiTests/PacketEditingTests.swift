// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// Changing a packet (R96, R97).
struct PacketEditingTests {
    private let bytes: [UInt8]

    init() throws {
        bytes = try SamplePacket.udp(.v4)
    }

    @Test("Looking is no edit")
    func looking() {
        withPacket(bytes) { packet in
            _ = packet.datagram
            _ = packet.udp?.destinationPort
            packet.finishChecksums()
            #expect(packet.isEdited == false)
            #expect(packet.copied == bytes)
        }
    }

    @Test("A change in place is seen, and nothing but it")
    func inPlace() throws {
        try withPacket(bytes) { packet in
            try packet.put(0xAB, at: 30)
            #expect(packet.isEdited == true)
            #expect(packet.isMarkChanged == false)
            var expected = bytes
            expected[30] = 0xAB
            #expect(packet.copied == expected)
        }
    }

    @Test("A packet grows with zeros, also where something stood before, and shrinks")
    func resizing() throws {
        try withPacket(bytes) { packet in
            try packet.resize(to: bytes.count + 5)
            #expect(packet.isEdited == true)
            #expect(packet.copied == bytes + [0, 0, 0, 0, 0])
            try packet.resize(to: 24)
            #expect(packet.copied == Array(bytes.prefix(24)))
            try packet.resize(to: 26)
            #expect(packet.copied == bytes.prefix(24) + [0, 0])
        }
    }

    @Test("Another packet takes this one's place, be it shorter or longer", arguments: [0, 1, 20, 1000])
    func replacing(count: Int) throws {
        let other = [UInt8](repeating: 0x5A, count: count)
        try withPacket(bytes) { packet in
            try packet.replace(with: unsafe other.span.bytes)
            #expect(packet.isEdited == true)
            #expect(packet.copied == other)
        }
    }

    @Test("Nothing grows beyond its room or beyond what an IP header can say; a refusal changes nothing")
    func tooLong() {
        withPacket(bytes, room: 100) { packet in
            let long = [UInt8](repeating: 0, count: 101)
            #expect(packet.editError { try $0.resize(to: 101) } == .tooLong)
            #expect(packet.editError { try $0.resize(to: -1) } == .tooLong)
            #expect(
                packet.editError { try $0.replace(with: unsafe long.span.bytes) } == .tooLong)
            #expect(packet.isEdited == false)
            #expect(packet.copied == bytes)
            #expect(packet.editError { try $0.resize(to: 100) } == nil)
        }
        withPacket(bytes, room: 70_000) { packet in
            let count = PacketEvent.maximumLength + 1
            #expect(
                packet.editError { try $0.resize(to: count) } == .tooLong)
            #expect(
                packet.editError { try $0.resize(to: count - 1) } == nil)
            #expect(packet.bytes.byteCount == 65_535)
        }
    }

    @Test("A part can't stand for the whole; a whole packet can take its place and is then like any other")
    func cut() throws {
        let other = try SamplePacket.udp(.v6)
        try withPacket(bytes, length: 1500) { packet in
            #expect(packet.editError { try $0.put(0, at: 30) } == .cut)
            #expect(packet.editError { try $0.resize(to: 20) } == .cut)
            #expect(packet.editError { try $0.resize(to: 9999) } == .cut)
            #expect(packet.isEdited == false)
            #expect(packet.isCut == true)
            #expect(packet.copied == bytes)
            try packet.replace(with: unsafe other.span.bytes)
            #expect(packet.isCut == false)
            try packet.put(1, at: 45)
            #expect(packet.copied[45] == 1)
        }
    }

    @Test("A consumed packet has no bytes, no headers and can't be changed (R97)", arguments: [nil, 1500])
    func consumed(length: Int?) {
        withPacket(bytes, length: length) { packet in
            _ = packet.datagram
            packet.consume()
            packet.consume()
            #expect(packet.isConsumed == true)
            #expect(packet.bytes.byteCount == 0)
            #expect(packet.datagram == nil)
            let port = packet.udp?.destinationPort
            #expect(port == nil)
            #expect(packet.editError { try $0.put(0, at: 0) } == .consumed)
            #expect(packet.editError { try $0.resize(to: -1) } == .consumed)
            #expect(
                packet.editError { try $0.replace(with: unsafe bytes.span.bytes) } == .consumed)
            #expect(packet.isEdited == false)
            packet.finishChecksums()
            #expect(packet.bytes.byteCount == 0)
        }
    }

    @Test("Any sequence of changes gives what a plain array gives", arguments: 0..<64 as Range<UInt64>)
    func likeAnArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let room = 200
        var model = (0..<Int.random(in: 0...room, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        if model.count >= 20, Bool.random(using: &random) { model[0] = Bool.random(using: &random) ? 0x45 : 0x60 }
        withPacket(model, room: room) { packet in
            for _ in 0..<50 {
                switch UInt8.random(in: 0..<4, using: &random) {
                case 0 where !model.isEmpty:
                    let offset = Int.random(in: 0..<model.count, using: &random)
                    let byte = UInt8.random(in: .min ... .max, using: &random)
                    model[offset] = byte
                    let error = packet.editError { try $0.put(byte, at: offset, checksums: .asWritten) }
                    #expect(error == nil)
                case 1:
                    let count = Int.random(in: -10...room + 10, using: &random)
                    let fits = (0...room).contains(count)
                    if fits {
                        model = Array(model.prefix(count)) + Array(repeating: 0, count: max(0, count - model.count))
                    }
                    let error = packet.editError { try $0.resize(to: count, checksums: .asWritten) }
                    #expect(error == (fits ? nil : .tooLong))
                case 2:
                    let other = [UInt8](
                        repeating: UInt8.random(in: .min ... .max, using: &random),
                        count: Int.random(in: 0...room + 10, using: &random))
                    if other.count <= room { model = other }
                    let error = packet.editError { try $0.replace(with: unsafe other.span.bytes) }
                    #expect(error == (other.count <= room ? nil : .tooLong))
                default:
                    packet.finishChecksums()
                    let datagram = try? Datagram(parsing: unsafe model.span.bytes)
                    #expect(packet.datagram == datagram)
                }
                #expect(packet.copied == model)
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
