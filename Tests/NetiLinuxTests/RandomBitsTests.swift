// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Testing

@testable import NetiLinux

/// The bits of secrets.
struct RandomBitsTests {
    private func block(_ key: [UInt32], _ last: [UInt32], rounds: UInt32) -> [UInt32] {
        var words = [UInt32](repeating: 0, count: 16)
        unsafe clnx_random_block(key, last, rounds, &words)
        return words
    }

    @Test("The block function is that of RFC 8439 (section 2.3.2)")
    func asPublished() {
        let key: [UInt32] = (0..<8).map { 0x0302_0100 &+ 0x0404_0404 &* $0 }
        #expect(
            block(key, [1, 0x0900_0000, 0x4A00_0000, 0], rounds: 20) == [
                0xE4E7_F110, 0x1559_3BD1, 0x1FDD_0F50, 0xC471_20A3, 0xC7F4_D1C7, 0x0368_C033, 0x9AAA_2204, 0x4E6C_D4C3,
                0x4664_82D2, 0x09AA_9F07, 0x05D7_C214, 0xA202_8BD9, 0xD19C_12B5, 0xB94E_16DE, 0xE883_D0CB, 0x4E3C_50A2,
            ])
    }

    @Test("With eight rounds it is that of draft-strombergson-chacha-test-vectors-01, all zero")
    func eightRounds() {
        let zero = [UInt32](repeating: 0, count: 8)
        #expect(
            block(zero, Array(zero[..<4]), rounds: 8).map(\.byteSwapped) == [
                0x3E00_EF2F, 0x895F_40D6, 0x7F5B_B8E8, 0x1F09_A5A1, 0x2C84_0EC3, 0xCE9A_7F3B, 0x181B_E188, 0xEF71_1A1E,
                0x984C_E172, 0xB921_6F41, 0x9F44_5367, 0x456D_5619, 0x314A_42A3, 0xDA86_B001, 0x387B_FDB8, 0x0E0C_FE42,
            ])
    }

    @Test("No block comes twice, in one stream or in two")
    func streams() {
        var one = RandomBits()
        var other = RandomBits()
        var seen: Set<UInt64> = []
        for _ in 0..<10_000 {
            seen.insert(one.next())
            seen.insert(other.next())
        }
        #expect(seen.count == 20_000)
    }

    @Test("Every bit is set half of the time")
    func bits() {
        var random = RandomBits()
        var counts = [Int](repeating: 0, count: 32)
        for _ in 0..<10_000 {
            let half = random.nextHalf()
            for bit in counts.indices where half >> UInt32(bit) & 1 == 1 { counts[bit] += 1 }
        }
        // Ten standard deviations.
        #expect(counts.allSatisfy { (4500...5500).contains($0) })
    }
}
