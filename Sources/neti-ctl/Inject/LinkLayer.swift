// SPDX-License-Identifier: Apache-2.0

import CPcap

/// What stands in front of an IP packet in a capture (libpcap's link types).
enum LinkLayer: Equatable {
    /// Ethernet, with any number of VLAN tags.
    case ethernet
    /// Nothing.
    case raw
    /// Linux' "any" interface in its two forms, with VLAN tags.
    case cooked
    case cooked2
    /// BSD's loopback: the protocol's number there, in the byte order of whoever captured it.
    case loopback

    /// The one of libpcap's number; nil for all others.
    init?(_ number: CInt) {
        switch number {
        case DLT_EN10MB: self = .ethernet
        case DLT_RAW, DLT_IPV4, DLT_IPV6: self = .raw
        case DLT_LINUX_SLL: self = .cooked
        case DLT_LINUX_SLL2: self = .cooked2
        case DLT_NULL, DLT_LOOP: self = .loopback
        default: return nil
        }
    }

    /// What a frame holds.
    enum Contents: Equatable {
        /// An IP packet from its header to its end, without what the link adds behind it.
        case packet(Range<Int>)
        /// Something else: ARP, for instance.
        case notIP
        /// A part of an IP packet.
        case cut
    }

    /// Looks at a frame.
    ///
    /// - Parameter isWhole: whether all of it was captured.
    func contents(of frame: [UInt8], isWhole: Bool) -> Contents {
        switch start(in: frame) {
        case .at(let start) where start < frame.count: Self.packet(in: frame, from: start, isWhole: isWhole)
        case .another: .notIP
        case .at, .beyond: isWhole ? .notIP : .cut
        }
    }

    /// Where the IP header begins.
    private enum Start {
        case at(Int)
        /// Nowhere: another protocol follows.
        case another
        /// The frame ends before that can be known.
        case beyond
    }

    private func start(in frame: [UInt8]) -> Start {
        switch self {
        case .raw: .at(0)
        case .ethernet: Self.behindTags(in: frame, typeAt: 12, headerEnd: 14)
        case .cooked: Self.behindTags(in: frame, typeAt: 14, headerEnd: 16)
        case .cooked2: Self.behindTags(in: frame, typeAt: 0, headerEnd: 20)
        case .loopback:
            if frame.count < 4 {
                .beyond
            } else {
                Self.isIP(family: frame[0..<4]) || Self.isIP(family: frame[0..<4].reversed()[...]) ? .at(4) : .another
            }
        }
    }

    /// Follows EtherTypes through VLAN tags of four bytes: 802.1Q, 802.1ad, and what came before that.
    private static func behindTags(in frame: [UInt8], typeAt offset: Int, headerEnd: Int) -> Start {
        guard frame.count >= headerEnd else { return .beyond }
        var type = UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1])
        var end = headerEnd
        while [0x8100, 0x88A8, 0x9100].contains(type) {
            guard frame.count >= end + 4 else { return .beyond }
            type = UInt16(frame[end + 2]) << 8 | UInt16(frame[end + 3])
            end += 4
        }
        return type == 0x0800 || type == 0x86DD ? .at(end) : .another
    }

    /// Whether a number, its first byte the lowest, is a system's `AF_INET` or `AF_INET6`.
    private static func isIP(family: ArraySlice<UInt8>) -> Bool {
        let isSmall = family.dropFirst().allSatisfy { $0 == 0 }
        return isSmall && [2, 10, 24, 28, 30].contains(family.first ?? 0)
    }

    /// The packet that begins here and ends where its header says. One without a length, as segmentation offload leaves
    /// it, and one whose length can't be are left as they are: to judge them is the daemon's part.
    private static func packet(in frame: [UInt8], from start: Int, isWhole: Bool) -> Contents {
        let available = frame.count - start
        let length: Int
        switch frame[start] >> 4 {
        case 4:
            guard available >= 20 else { return isWhole ? .packet(start..<frame.count) : .cut }
            length = Int(frame[start + 2]) << 8 | Int(frame[start + 3])
            if length < 20 { return .packet(start..<frame.count) }
        case 6:
            guard available >= 40 else { return isWhole ? .packet(start..<frame.count) : .cut }
            let payload = Int(frame[start + 4]) << 8 | Int(frame[start + 5])
            let hasNoPayload = frame[start + 6] == 59
            if payload == 0, !hasNoPayload { return .packet(start..<frame.count) }
            length = 40 + payload
        default:
            return .notIP
        }
        return length <= available ? .packet(start..<start + length) : .cut
    }
}
