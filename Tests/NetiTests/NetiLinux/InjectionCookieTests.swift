// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiLinux
import Testing

/// The number by which a packet that NI_QUEUE_OUT sent is known again.
@Suite struct InjectionCookieTests {
    static let secrets: [UInt16] = [0, 1, 0x155, 0x2AA, 0x3FF, 0xFFFF]

    @Test("What it tells is what it was made of, for every count and all stamps", arguments: secrets)
    func roundTrip(_ secret: UInt16) {
        let cookie = InjectionCookie(random: secret)
        for injections in 1...InjectionCookie.maximumInjections {
            for stamps in UInt8.min ... .max {
                let told = cookie.read(cookie.priority(injections: injections, stamps: Stamps(rawValue: stamps)))
                guard told?.injections == injections, told?.stamps.rawValue == stamps else {
                    Issue.record("\(injections) injections, stamps \(stamps): \(String(describing: told))")
                    return
                }
            }
        }
    }

    @Test("Counts beyond its range are told as the nearest that it has")
    func range() {
        let cookie = InjectionCookie(random: 0x123)
        #expect(cookie.read(cookie.priority(injections: 0, stamps: []))?.injections == 1)
        #expect(cookie.read(cookie.priority(injections: 64, stamps: []))?.injections == 63)
        #expect(cookie.read(cookie.priority(injections: .max, stamps: []))?.injections == 63)
    }

    @Test("Its layout: four ones, secret, injections, stamps, and four zeros for queueing disciplines")
    func layout() {
        let cookie = InjectionCookie(random: 0x2AB)
        let priority = cookie.priority(injections: 0x2D, stamps: Stamps(rawValue: 0xC3))
        #expect(priority == 0xF << 28 | 0x2AB << 18 | 0x2D << 12 | 0xC3 << 4)
    }

    @Test("Numbers that somebody else chose tell nothing: usual priorities, class handles, another process's cookie")
    func foreign() {
        let cookie = InjectionCookie(random: 0x155)
        let other = InjectionCookie(random: 0x154)
        let own = cookie.priority(injections: 1, stamps: [])
        let foreign: [UInt32] = [
            0, 1, 6, 15, 0x0001_0010, 0x8001_0000, .max, other.priority(injections: 1, stamps: []),
            own | 1, own ^ 1 << 31, own ^ 1 << 18, own & ~(0x3F << 12),
        ]
        for number in foreign { #expect(cookie.read(number) == nil, "\(String(number, radix: 16))") }
        #expect(cookie.read(own) != nil)
    }
}
