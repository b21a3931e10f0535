// SPDX-License-Identifier: Apache-2.0

import Kstat
import Testing

struct NamedValueTests {
    static let values: [NamedValue.Value] = [
        .char("c"), .int32(-1), .uint32(.max), .int64(.min), .uint64(.max), .float(1.5), .double(0.25), .string("s"),
    ]

    @Test("Types have the numbers of kstat.h")
    func dataTypes() {
        #expect(Self.values.map(\.dataType) == [0, 1, 2, 3, 4, 5, 6, 9])
    }

    @Test("Values print alone, in decimal")
    func descriptions() {
        #expect(
            Self.values.map(\.description) == [
                "c", "-1", "4294967295", "-9223372036854775808", "18446744073709551615", "1.5", "0.25", "s",
            ])
    }

    @Test("A field's name has 30 bytes, a CHAR 16, a STRING as many as it likes (R174)")
    func lengths() {
        let long = String(repeating: "x", count: 40)
        #expect(NamedValue(long, .int32(0)).name.count == 30)
        #expect(NamedValue("n", .char(long)).value == .char(String(repeating: "x", count: 16)))
        #expect(NamedValue("n", .string(long)).value == .string(long))
    }
}
