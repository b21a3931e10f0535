// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Testing

/// One packet on its way through several hooks (R81, R95 to R98).
struct PacketRunTests {
    private let sample: SampleInstance
    private let bytes: [UInt8]
    private let trace = Trace()

    init() throws {
        sample = try SampleInstance()
        bytes = try SamplePacket.udp(.v4)
    }

    private func add(_ name: String, _ function: @escaping Hook<PacketEvent>.Function) throws {
        try sample.inet.register(Hook(name: name, function: function), on: .physicalIn)
    }

    @Test("A later hook sees what an earlier one changed (R96)")
    func changesArePassedOn() throws {
        try add("change") { packet in
            _ = packet.datagram
            packet.mark = 5
            try? packet.put(9, at: 8)
            return .pass
        }
        try add("look") { [trace] packet in
            trace.add("\(packet.datagram?.hopLimit ?? 0) \(packet.mark) \(packet.isEdited) \(packet.isMarkChanged)")
            return .pass
        }
        try add("resize") { packet in
            try? packet.resize(to: 20)
            return .pass
        }
        try add("look again") { [trace] packet in
            trace.add("\(packet.bytes.byteCount)")
            return .pass
        }
        withPacket(bytes) { packet in #expect(sample.run(.physicalIn, &packet) == .pass) }
        #expect(trace.take() == ["9 5 true true", "20"])
    }

    @Test("After a hook that consumed the packet the others are called without bytes (R97)")
    func consumed() throws {
        try add("take") { packet in
            packet.consume()
            return .pass
        }
        try add("later") { [trace] packet in
            trace.add("\(packet.isConsumed) \(packet.bytes.byteCount) \(packet.datagram == nil)")
            return .pass
        }
        withPacket(bytes) { packet in
            #expect(sample.run(.physicalIn, &packet) == .pass)
            #expect(packet.isConsumed == true)
        }
        #expect(trace.take() == ["true 0 true"])
    }

    @Test("Consuming and dropping at once ends the walk and leaves the packet consumed (R95, R98)")
    func consumedAndDropped() throws {
        try add("take") { packet in
            packet.consume()
            return .drop
        }
        try add("later") { [trace] _ in
            trace.add("later")
            return .pass
        }
        withPacket(bytes) { packet in
            #expect(sample.run(.physicalIn, &packet) == .drop)
            #expect(packet.isConsumed == true)
        }
        #expect(trace.take() == [])
        #expect(sample.inet.event(.physicalIn).snapshot().map(\.hits) == [1, 0])
    }

    @Test("A hook that drops ends the walk with its own value (R81, R84)", arguments: [Int32(1), 7, -1])
    func dropped(value: Int32) throws {
        try add("drop") { _ in HookResult(rawValue: value) }
        try add("later") { [trace] _ in
            trace.add("later")
            return .pass
        }
        withPacket(bytes) { packet in #expect(sample.run(.physicalIn, &packet).rawValue == value) }
        #expect(trace.take() == [])
    }

    @Test("Events run their own hooks only")
    func eventsApart() throws {
        try sample.inet.register(.passing("in", trace: trace), on: .physicalIn)
        try sample.inet.register(.passing("out", trace: trace), on: .physicalOut)
        try sample.run(.physicalOut)
        #expect(trace.take() == ["out"])
        try sample.run(.physicalIn)
        #expect(trace.take() == ["in"])
    }
}
