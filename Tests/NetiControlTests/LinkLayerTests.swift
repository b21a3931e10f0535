// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import neti_ctl

/// IP packets out of frames.
struct LinkLayerTests {
    private static let inet = SamplePackets.inet([1, 2, 3])
    private static let inet6 = SamplePackets.inet6([4, 5])
    private static let addresses = [UInt8](repeating: 2, count: 12)
    private static let cooked: [UInt8] = [0, 4, 0, 1, 0, 6] + [UInt8](repeating: 2, count: 8)
    private static let cooked2: [UInt8] = [0, 0, 0, 0, 0, 7, 0, 1, 4, 6] + [UInt8](repeating: 2, count: 8)

    /// What stands in front, and the packet.
    private static let frames: [(LinkLayer, [UInt8], [UInt8])] = [
        (.raw, [], inet), (.raw, [], inet6),
        (.ethernet, addresses + [8, 0], inet), (.ethernet, addresses + [0x86, 0xDD], inet6),
        (.ethernet, addresses + [0x81, 0, 0, 7, 8, 0], inet),
        (.ethernet, addresses + [0x88, 0xA8, 0, 7, 0x91, 0, 0, 9, 0x81, 0, 0, 8, 0x86, 0xDD], inet6),
        (.cooked, cooked + [8, 0], inet), (.cooked, cooked + [0x81, 0, 0, 7, 0x86, 0xDD], inet6),
        (.cooked2, [8, 0] + cooked2, inet), (.cooked2, [0x81, 0] + cooked2 + [0, 7, 0x86, 0xDD], inet6),
        (.loopback, [2, 0, 0, 0], inet), (.loopback, [0, 0, 0, 2], inet),
        (.loopback, [24, 0, 0, 0], inet6), (.loopback, [0, 0, 0, 28], inet6), (.loopback, [30, 0, 0, 0], inet6),
        (.loopback, [10, 0, 0, 0], inet6),
    ]

    @Test("The packet is found, without padding behind it; of what is cut anywhere nothing is taken", arguments: frames)
    func packetIsFound(link: LinkLayer, front: [UInt8], packet: [UInt8]) {
        let range = front.count..<front.count + packet.count
        let frame = front + packet
        #expect(link.contents(of: frame, isWhole: true) == .packet(range))
        #expect(link.contents(of: frame + [0, 0, 0, 0, 0], isWhole: true) == .packet(range))
        for count in 0..<frame.count {
            #expect(link.contents(of: Array(frame.prefix(count)), isWhole: false) == .cut, "\(count) bytes")
        }
        // Lengths that the capture doesn't admit are cuts as well, behind a whole header.
        #expect(link.contents(of: Array(frame.dropLast()), isWhole: true) == .cut)
    }

    @Test(
        "Other protocols are none of ours",
        arguments: [
            (.ethernet, addresses + [8, 6] + inet), (.ethernet, addresses + [0, 46] + inet),
            (.ethernet, addresses + [0x88, 0x64] + inet), (.ethernet, addresses + [0x81, 0, 0, 7, 8, 6] + inet),
            (.cooked, cooked + [0, 4] + inet), (.cooked2, [8, 6] + cooked2 + inet),
            (.loopback, [7, 0, 0, 0] + inet), (.loopback, [2, 0, 0, 2] + inet), (.raw, [0x50] + inet), (.raw, []),
            (.ethernet, [1, 2, 3]), (.ethernet, addresses + [8, 0]),
            (.ethernet, addresses + [8, 0, 0x10, 0, 0]),
        ] as [(LinkLayer, [UInt8])])
    func otherProtocols(link: LinkLayer, frame: [UInt8]) {
        #expect(link.contents(of: frame, isWhole: true) == .notIP)
    }

    @Test(
        "A length that can't be, or is none, is for the daemon to judge",
        arguments: [
            SamplePackets.inet([1, 2], length: 0), SamplePackets.inet([1, 2], length: 19),
            SamplePackets.inet6([1, 2], length: 0), [0x45, 0, 0], [0x60],
        ])
    func oddLengths(packet: [UInt8]) {
        #expect(LinkLayer.raw.contents(of: packet, isWhole: true) == .packet(0..<packet.count))
    }

    @Test func aPacketWithoutPayloadEndsWithItsHeader() {
        let frame = SamplePackets.inet6([0, 0, 0], next: 59, length: 0)
        #expect(LinkLayer.raw.contents(of: frame, isWhole: true) == .packet(0..<40))
    }
}
