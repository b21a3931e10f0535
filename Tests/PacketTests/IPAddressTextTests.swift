// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct IPAddressTextTests {
    /// Text and its canonical form: RFC 5952, sections 1 to 5; RFC 4291, section 2.2.
    static let readable: [(String, String)] = [
        ("0.0.0.0", "0.0.0.0"),
        ("192.0.2.1", "192.0.2.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"),
        ("1::", "1::"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("1:2:3:4:5:6::", "1:2:3:4:5:6::"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::ffff:c000:201", "::ffff:192.0.2.1"),
        ("2001:db8::198.51.100.7", "2001:db8::c633:6407"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("fe80::ABCD", "fe80::abcd"),
    ]

    @Test(arguments: readable)
    func textIsReadAndPrintedCanonically(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(address.version == (text.contains(":") ? .v6 : .v4))
    }

    static let unreadable = [
        "", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", ".1.2.3", "1..2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.256",
        "01.2.3.4", "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "1.2.3.４",
        "1.2.3.99999999999999999999", ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", "1:::2", "12345::", "g::", "::1.2.3", "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "fe80::1%eth0", "[::1]", "::1/128", "::-1", "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7", "::1:", "::256.1.1.1",
    ]

    @Test(arguments: unreadable)
    func otherTextIsRefused(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func everyAddressSurvivesItsText() {
        var generator = SeededGenerator(seed: 5952)
        for _ in 0..<5_000 {
            let mask = { (generator: inout SeededGenerator) -> UInt64 in
                // Whole groups of zeros, so that runs of every length and place occur.
                (0..<4).reduce(0) { value, _ in value << 16 | (Bool.random(using: &generator) ? 0xFFFF : 0) }
            }
            let high = generator.next() & mask(&generator)
            let address = IPAddress(v6High: high, low: generator.next() & mask(&generator))
            #expect(IPAddress(address.description) == address)
            let other = IPAddress(v4: UInt32(truncatingIfNeeded: generator.next()))
            #expect(IPAddress(other.description) == other)
        }
    }

    @Test func randomTextNeverCrashes() {
        var generator = SeededGenerator(seed: 4291)
        let alphabet = Array("0123456789abcdefF:.:.:: g/%".utf8)
        var readable = 0
        for _ in 0..<50_000 {
            let length = Int.random(in: 0...24, using: &generator)
            let text = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            guard let address = IPAddress(text: text) else { continue }
            readable += 1
            #expect(IPAddress(address.description) == address)
        }
        #expect(readable > 0)
    }

    @Test func familiesStayApart() throws {
        #expect(IPAddress(v4: 1) != IPAddress(v6High: 0, low: 1))
        #expect(try #require(IPAddress("::ffff:192.0.2.1")) != IPAddress(v4: 0xC000_0201))
    }

    @Test(arguments: [
        ("224.0.0.1", true), ("239.255.255.255", true), ("240.0.0.1", false), ("223.255.255.255", false),
        ("ff02::1", true), ("fe80::1", false),
    ])
    func multicastIsKnown(_ text: String, _ isMulticast: Bool) throws {
        #expect(try #require(IPAddress(text)).isMulticast == isMulticast)
    }
}
