// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Testing

/// What stands between whatever happens and a client that may not read.
struct MonitorQueueTests {
    private func event(_ number: Int) -> Monitor.Event {
        .state(.up, netid: number, instance: "i\(number)", time: number)
    }

    private func summary(_ events: [Monitor.Event]?) -> [String]? {
        events?.map { $0.lost.map { "lost \($0)" } ?? $0.instance ?? "?" }
    }

    @Test func eventsComeInOrderAndInPieces() async {
        let queue = MonitorQueue(capacity: 10)
        for number in 0..<5 { queue.post(event(number)) }
        #expect(summary(await queue.next(atMost: 3)) == ["i0", "i1", "i2"])
        #expect(summary(await queue.next(atMost: 3)) == ["i3", "i4"])
    }

    @Test func whatDoesNotFitIsCountedWhereItIsMissing() async {
        let queue = MonitorQueue(capacity: 3)
        for number in 0..<5 { queue.post(event(number)) }
        #expect(summary(await queue.next(atMost: 2)) == ["i0", "i1"])
        // There is room, but the gap must come first.
        queue.post(event(5))
        #expect(summary(await queue.next(atMost: 2)) == ["i2", "lost 3"])
        queue.post(event(6))
        #expect(summary(await queue.next(atMost: 2)) == ["i6"])
    }

    @Test func aReaderThatWaitsIsWoken() async {
        let queue = MonitorQueue(capacity: 3)
        async let first = queue.next(atMost: 3)
        await Task.yield()
        queue.post(event(1))
        #expect(summary(await first) == ["i1"])
        async let last = queue.next(atMost: 3)
        await Task.yield()
        queue.finish()
        #expect(await last == nil)
    }

    @Test func afterTheEndNothingIsKept() async {
        let queue = MonitorQueue(capacity: 3)
        queue.post(event(1))
        queue.finish()
        queue.post(event(2))
        #expect(await queue.next(atMost: 3) == nil)
    }

    @Test func manyThreadsLoseNothingUncounted() async {
        let queue = MonitorQueue(capacity: 100)
        let (threads, each) = (4, 5_000)
        let told = await withTaskGroup(of: Void.self) { group in
            for _ in 0..<threads {
                group.addTask { for number in 0..<each { queue.post(event(number)) } }
            }
            var told = 0
            while told < threads * each {
                for event in await queue.next(atMost: 7) ?? [] { told += event.lost ?? 1 }
            }
            return told
        }
        #expect(told == threads * each)
    }
}
