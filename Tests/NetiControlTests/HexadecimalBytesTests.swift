// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

struct HexadecimalBytesTests {
    @Test func textAndBytes() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(HexadecimalBytes(text: HexadecimalBytes(all).text)?.bytes == all)
        #expect(HexadecimalBytes([0x45, 0, 0xAF]).text == "4500af")
        #expect(HexadecimalBytes(text: "4500aFAf")?.bytes == [0x45, 0, 0xAF, 0xAF])
        #expect(HexadecimalBytes(text: "")?.bytes == [])
    }

    @Test(arguments: [
        "4", "450", "4g", "g4", "0x45", "45 00", " 45", "4\0", "é", "４５", "-1", "+1", "/0", ":0", "@0", "G0", "`0",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(HexadecimalBytes(text: text) == nil)
    }
}
