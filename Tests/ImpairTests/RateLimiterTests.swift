// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Impair

/// The clock of a link.
struct RateLimiterTests {
    /// 1,000 bytes take 8 ms.
    private func link(_ limit: RateLimiter.Limit = .packets(1_000)) -> RateLimiter {
        RateLimiter(bitsPerSecond: 1_000_000, limit: limit)
    }

    @Test("A packet waits for those before it and for its own bits; an idle link saves nothing up")
    func waits() {
        let link = link()
        #expect(link.wait(bytes: 1_000, now: 1_000) == 8_000_000)
        #expect(link.wait(bytes: 500, now: 1_000) == 12_000_000)
        #expect(link.wait(bytes: 1_000, now: 6_001_000) == 14_000_000)
        #expect(link.wait(bytes: 1_000, now: 900_000_000) == 8_000_000)
        #expect(link.wait(bytes: 0, now: 2_000_000_000) == 0)
    }

    @Test("So many packets wait as the limit says, and room comes with each that is sent")
    func packets() {
        let link = link(.packets(3))
        for _ in 0..<3 { #expect(link.wait(bytes: 1_000, now: 0) != nil) }
        #expect(link.wait(bytes: 1_000, now: 0) == nil)
        #expect(link.wait(bytes: 1_000, now: 7_999_999) == nil)
        #expect(link.wait(bytes: 1_000, now: 8_000_000) == 24_000_000)
        #expect(link.wait(bytes: 1_000, now: 8_000_001) == nil)
    }

    @Test("No packet waits for its turn longer than a limit in time says")
    func time() {
        let link = link(.time(16_000_000))
        for _ in 0..<3 { #expect(link.wait(bytes: 1_000, now: 0) != nil) }
        #expect(link.wait(bytes: 1_000, now: 0) == nil)
        #expect(link.wait(bytes: 1_000, now: 8_000_000) == 24_000_000)
    }

    @Test("What waits still waits for the link that takes its place")
    func continued() {
        let link = link(.packets(3))
        for _ in 0..<3 { #expect(link.wait(bytes: 1_000, now: 0) != nil) }
        let faster = RateLimiter(bitsPerSecond: 2_000_000, limit: .packets(3), continuing: link.backlog)
        #expect(faster.wait(bytes: 1_000, now: 0) == nil)
        #expect(faster.wait(bytes: 1_000, now: 8_000_000) == 20_000_000)
        let shorter = RateLimiter(bitsPerSecond: 2_000_000, limit: .packets(1), continuing: link.backlog)
        #expect(shorter.wait(bytes: 1_000, now: 23_999_999) == nil)
        #expect(shorter.wait(bytes: 1_000, now: 24_000_000) == 4_000_000)
        let longer = RateLimiter(bitsPerSecond: 2_000_000, limit: .packets(4), continuing: link.backlog)
        #expect(longer.wait(bytes: 1_000, now: 0) != nil)
        #expect(longer.wait(bytes: 1_000, now: 0) == nil)
    }

    @Test("Several threads together get no more than the rate")
    func threads() async {
        final class Shared: Sendable {
            let link = RateLimiter(bitsPerSecond: 8_000_000_000, limit: .time(.max))
        }
        let shared = Shared()
        let longest = await withTaskGroup(of: UInt64.self, returning: UInt64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var longest: UInt64 = 0
                    for _ in 0..<10_000 { longest = max(longest, shared.link.wait(bytes: 100, now: 0) ?? .max) }
                    return longest
                }
            }
            return await group.reduce(0, max)
        }
        #expect(longest == 4_000_000)
    }
}
