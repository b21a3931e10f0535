// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet
import Testing

/// Packets that hooks are only shown (R104).
struct ReadOnlyPacketTests {
    private let bytes: [UInt8]

    init() throws {
        bytes = try SamplePacket.udp(.v4)
    }

    @Test("An observed packet refuses every edit, keeps its mark and can't be consumed (R104)")
    func refusals() {
        var metadata = PacketMetadata()
        metadata.inInterface = 4
        withPacket(bytes, metadata: metadata, mark: 3) { packet in
            var shown = unsafe PacketEvent(observing: packet, .inbound, zone: 9)
            let (isShownOnly, isOriginalShownOnly) = (shown.isReadOnly, packet.isReadOnly)
            #expect(isShownOnly && !isOriginalShownOnly)
            #expect(shown.editError { try $0.put(1, at: 0) } == .readOnly)
            #expect(shown.editError { try $0.resize(to: 10) } == .readOnly)
            #expect(shown.editError { try $0.replace(with: unsafe bytes.span.bytes) } == .readOnly)
            shown.mark = 8
            shown.consume()
            let (mark, isChanged) = (shown.mark, shown.isMarkChanged || shown.isConsumed || shown.isEdited)
            #expect(mark == 3 && !isChanged)
            let copied = shown.copied
            #expect(copied == bytes)
        }
    }

    @Test("It has its own event and what the original tells of it; others have none (R104)")
    func observation() throws {
        var metadata = PacketMetadata()
        metadata.outInterface = 7
        try withPacket(bytes, room: 4096, event: .physicalOut, flags: .broadcast, metadata: metadata) { packet in
            try packet.resize(to: bytes.count + 100)
            let shown = unsafe PacketEvent(observing: packet, .outbound, zone: 9)
            let (event, flags, isCut) = (shown.event, shown.flags, shown.isCut)
            #expect(event == .observing && flags.isEmpty && !isCut)
            let original = packet.observation
            #expect(original == nil)
            let (copied, originalCopied) = (shown.copied, packet.copied)
            #expect(copied == originalCopied)
            let observation = shown.observation
            let told = try #require(observation)
            #expect(told.direction == .outbound && told.interface == 7 && told.packetLength == bytes.count + 100)
            #expect(told.sourceZone == 9 && told.destinationZone == 9)
        }
    }

    @Test("Directions have the original's numbers")
    func numbers() {
        #expect(PacketObservation.Direction.inbound.rawValue == 0)
        #expect(PacketObservation.Direction.outbound.rawValue == 1)
        #expect(PacketObservation.Direction.local.rawValue == 2)
    }

    @Test("A packet longer than what was copied tells its whole length")
    func cut() {
        withPacket(bytes, length: 5000) { packet in
            let shown = unsafe PacketEvent(observing: packet, .local, zone: 0)
            let (isCut, observation) = (shown.isCut, shown.observation)
            #expect(isCut)
            #expect(observation?.packetLength == 5000)
        }
    }
}
