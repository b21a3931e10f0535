// SPDX-License-Identifier: Apache-2.0

import Kstat
import Neti
import NetiLinux
import Testing

/// What pumps do with the tables.
struct InjectedPacketsTests {
    private let injected = InjectedPackets()
    private let packet = [UInt8](0..<60)
    private let origin = InjectedOrigin(
        injections: 5, stamps: Stamps(rawValue: 3), linkLayerSource: 0x0200_0000_0009_0000, linkLayerSourceLength: 6)

    private var now: UInt64 { UInt64(KstatTime.now.nanoseconds) }

    private func recognise(_ event: NetworkEvent, source: UInt64, length: UInt8 = 6) -> PacketMetadata {
        var metadata = PacketMetadata()
        (metadata.linkLayerSource, metadata.linkLayerSourceLength) = (source, length)
        unsafe packet.withUnsafeBytes { unsafe injected.recognise(&metadata, $0, at: event) }
        return metadata
    }

    @Test("Nothing is told of a packet while nothing was injected", arguments: NetworkEvent.allCases)
    func nothingInjected(_ event: NetworkEvent) {
        let told = recognise(event, source: 0x0200_0000_0001_0000)
        #expect(told.injections == 0 && told.stamps == [])
        #expect((told.linkLayerSource, told.linkLayerSourceLength) == (0x0200_0000_0001_0000, 6))
    }

    @Test(
        "By its source a packet is known at every inbound event, and gets its own back",
        arguments: NetworkEvent.allCases)
    func bySource(_ event: NetworkEvent) {
        let source = injected.sources.issue(for: origin, now: now)
        let told = recognise(event, source: source)
        if [.physicalIn, .forwarding, .loopbackIn].contains(event) {
            #expect(told.injections == 5 && told.stamps == origin.stamps)
            #expect((told.linkLayerSource, told.linkLayerSourceLength) == (origin.linkLayerSource, 6))
        } else {
            #expect(told.injections == 0 && told.linkLayerSource == source)
        }
    }

    @Test("By its bytes a packet is known once, where it comes in", arguments: NetworkEvent.allCases)
    func byBytes(_ event: NetworkEvent) {
        injected.fingerprints.note(packet, origin, at: now)
        let isIn = [.physicalIn, .loopbackIn].contains(event)
        let told = recognise(event, source: 0, length: 0)
        #expect(told.injections == (isIn ? 5 : 0) && told.linkLayerSourceLength == 0)
        #expect(recognise(event, source: 0, length: 0).injections == 0)
        // It is still there for the event that it is meant for.
        if !isIn { #expect(recognise(.physicalIn, source: 0, length: 0).injections == 5) }
    }

    @Test(
        "A source that the kernel read where there is none is left out; a real one stays", arguments: [4, 6] as [UInt8])
    func sourcesBesideBytes(_ length: UInt8) {
        injected.fingerprints.note(packet, origin, at: now)
        let told = recognise(.physicalIn, source: 0x0A00_0000_0001_0000, length: length)
        #expect(told.injections == 5)
        #expect(told.linkLayerSource == (length == 6 ? 0x0A00_0000_0001_0000 : 0))
        #expect(told.linkLayerSourceLength == (length == 6 ? 6 : 0))
    }
}
