// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiLinux

/// The hash against the results that its authors publish: key 00 to 0f, input 00, 01, 02 and so on.
struct SipHashTests {
    static let published: [(count: Int, result: String)] = [
        (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
        (2, "8177228da4a45dc7fca38bdef60affe4"), (3, "9c70b60c5267a94e5f33b6b02985ed51"),
        (8, "3b62a9ba6258f5610f83e264f31497b4"), (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
        (63, "5150d1772f50834a503e069a973fbd7c"),
    ]

    @Test(arguments: published)
    func asPublished(count: Int, result: String) {
        let hash = SipHash(key: 0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
        // One byte off, so that no word of it is aligned.
        let bytes = [0xFF] + (0..<UInt8(count)).map { $0 }
        let value = unsafe bytes.withUnsafeBytes { unsafe hash.hash(UnsafeRawBufferPointer(rebasing: $0[1...])) }
        let text = [value.low, value.high].map { word in
            let digits = String(word.byteSwapped, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        #expect(text.joined() == result)
    }

    @Test("Every bit of input, length and key counts")
    func sensitivity() {
        let bytes = [UInt8](repeating: 0, count: 40)
        func value(_ bytes: [UInt8], key: UInt64 = 1) -> SipHash.Value {
            unsafe bytes.withUnsafeBytes { unsafe SipHash(key: key, 2).hash($0) }
        }
        let plain = value(bytes)
        for bit in 0..<320 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(value(other) != plain)
        }
        #expect(value(bytes + [0]) != plain && value(Array(bytes.dropLast())) != plain)
        #expect(value(bytes, key: 3) != plain)
    }
}
