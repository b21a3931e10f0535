// SPDX-License-Identifier: Apache-2.0

public import Neti

/// Which packets a capture takes: the questions that a pump answers in passing, without looking into the packet.
public struct CaptureFilter: Sendable {
    /// The only instance; nil for all.
    public let netid: NetID?
    /// Bytes of each packet that are kept.
    public let snaplen: Int

    private let events: UInt16
    private let verdicts: UInt8

    /// - Parameters:
    ///   - netid: the only instance; nil for all.
    ///   - families: the protocols.
    ///   - events: the events.
    ///   - verdicts: what may have become of a packet.
    ///   - snaplen: bytes of each packet that are kept, 1 to 65,535.
    public init(
        netid: NetID? = nil, families: [NetworkFamily] = NetworkFamily.ip,
        events: [NetworkEvent] = NetworkEvent.allCases,
        verdicts: [CapturedPacket.Verdict] = CapturedPacket.Verdict.allCases, snaplen: Int = 65_535
    ) {
        self.netid = netid
        self.snaplen = min(max(snaplen, 1), PacketEvent.maximumLength)
        self.events = families.reduce(0) { bits, family in
            events.reduce(bits) { $0 | Self.bit(family, $1) }
        }
        self.verdicts = verdicts.reduce(0) { $0 | 1 << $1.rawValue }
    }

    @inline(__always)
    func takes(_ packet: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict) -> Bool {
        events & Self.bit(packet.family, packet.event) != 0 && verdicts & (1 << verdict.rawValue) != 0
            && (netid == nil || netid == packet.netid)
    }

    @inline(__always)
    private static func bit(_ family: NetworkFamily, _ event: NetworkEvent) -> UInt16 {
        let number: UInt16 =
            switch event {
            case .physicalIn: 0
            case .physicalOut: 1
            case .forwarding: 2
            case .loopbackIn: 3
            case .loopbackOut: 4
            case .observing: 5
            }
        return switch family {
        case .inet: 1 << number
        case .inet6: 1 << (number &+ 8)
        case .arp: 0
        }
    }
}
