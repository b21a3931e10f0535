// SPDX-License-Identifier: Apache-2.0

import Glibc
import Packet

/// `IPAddress` from text, beside inet_pton(3).
struct AddressText: Surface {
    var words: [[UInt8]] {
        [
            "::", ":", ".", "0", "00", "255", "256", "ffff", "10000", "::ffff:", "1.2.3.4", "%eth0", "\u{661}", "g",
            "0x1",
        ]
        .map { Array($0.utf8) }
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        let address = IPAddress(text: input)
        let text = String(decoding: input, as: UTF8.self)
        try require(IPAddress(text) == (Array(text.utf8) == input ? address : nil), "text and bytes differ")
        if !input.contains(0) {
            let expected = Self.system(input)
            try require(address.map(Self.bytes) == expected, "inet_pton says \(expected.debugDescription)")
        }
        guard let address else { return false }
        try require(IPAddress(address.description) == address, "\(address) is written as another address")
        return true
    }

    /// What the C library reads; nil for nothing.
    private static func system(_ text: [UInt8]) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let characters = (text + [0]).map { CChar(bitPattern: $0) }
        let family = text.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
        guard unsafe inet_pton(family, characters, &bytes) == 1 else { return nil }
        return Array(bytes.prefix(family == AF_INET ? 4 : 16))
    }

    private static func bytes(_ address: IPAddress) -> [UInt8] {
        let all = [address.high, address.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
        }
        return address.version == .v4 ? Array(all.suffix(4)) : all
    }
}
