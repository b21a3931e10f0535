// SPDX-License-Identifier: Apache-2.0

import Packet

/// What must hold of the fragments of a packet, whatever the MTU.
enum PacketFragments {
    /// Splits a packet, and boils what comes of it down to one number.
    static func check(_ bytes: RawSpan) throws -> Int {
        var hasher = Hasher()
        for mtu in [28, 68, bytes.byteCount / 2, bytes.byteCount - 1, 1_280] {
            guard let fragments = try? Fragments(of: bytes, mtu: mtu, identification: 0x0102_0304) else { continue }
            try require(fragments.count >= 1, "no fragment")
            // Thousands of pieces tell no more than the first and the last ones.
            for index in 0..<fragments.count where index < 4 || index >= fragments.count - 2 {
                let fragment = try written(fragments, index)
                hasher.combine(fragment)
                guard fragments.count > 1 else { continue }
                try require(fragment.count <= mtu, "fragment \(index) has \(fragment.count) bytes at MTU \(mtu)")
                try check(fragment, isLast: index == fragments.count - 1)
            }
        }
        return hasher.finalize()
    }

    private static func written(_ fragments: borrowing Fragments, _ index: Int) throws -> [UInt8] {
        var fragment = [UInt8](repeating: 0, count: fragments.length(of: index))
        var elements = fragment.mutableSpan
        var bytes = unsafe elements.mutableBytes
        try fragments.write(index, into: &bytes)
        return fragment
    }

    /// It is a packet in itself, and carries a multiple of 8 bytes if others follow that were cut off it.
    private static func check(_ fragment: [UInt8], isLast: Bool) throws {
        let bytes = unsafe fragment.span.bytes
        if fragment[0] >> 4 == 4 {
            let packet = try IPv4(bytes)
            try require(packet.totalLength == fragment.count, "another total length")
            try require(isLast || packet.fragment.moreFollow, "others aren't told to follow")
            try require(isLast || packet.payload.byteCount % 8 == 0, "\(packet.payload.byteCount) bytes of data")
        } else {
            let packet = try IPv6(bytes)
            try require(packet.totalLength == fragment.count, "another total length")
            var headers = packet.extensionHeaders
            while let header = try headers.next() {
                guard header.protocol == .fragment else { continue }
                let data = fragment.count - header.offset - header.length
                try require(headers.fragment.moreFollow != isLast, "more follow or not")
                try require(isLast || data % 8 == 0, "\(data) bytes of data")
                return
            }
            try require(false, "no fragment header")
        }
    }
}
