// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import Testing
import Witnesses

/// Values that are replaced while others look at them.
@Suite(.timeLimit(.minutes(1)))
struct PublishedTests {
    /// Says when it is freed, and falls apart then.
    private struct Value: ~Copyable, Sendable {
        let number: Int
        let again: Int
        let freed: Tally

        init(_ number: Int, _ freed: Tally) {
            (self.number, again, self.freed) = (number, number, freed)
        }

        deinit { freed.add() }
    }

    /// Lets threads share what can't be copied.
    private final class Shared: Sendable {
        let value: Published<Value>
        let isOver = Gate()
        let torn = Tally()
        let looks = Tally()

        init(_ value: consuming Value, _ publication: Publication) {
            self.value = Published(value, publication: publication)
        }

        func look() {
            let (number, again) = value.read { ($0.number, $0.again) }
            if number != again { torn.add() }
            looks.add()
        }
    }

    @Test("What is replaced lives as long as somebody may be inside, and is freed by a later replacement")
    func lifetimes() throws {
        let publication = Publication(readers: 1)
        let freed = Tally()
        do {
            let shared = Shared(Value(1, freed), publication)
            let reader = try publication.makeReader()
            reader.enter()
            #expect(shared.value.read { $0.number } == 1)
            shared.value.replace(by: Value(2, freed))
            shared.value.replace(by: Value(3, freed))
            #expect(shared.value.read { $0.number } == 3)
            #expect(freed.count == 0)
            reader.leave()
            #expect(shared.value.read { $0.number } == 3)
            shared.value.replace(by: Value(4, freed))
            #expect(freed.count == 3)
        }
        #expect(freed.count == 4)
    }

    @Test("What is replaced while somebody is inside is freed when it is asked for afterwards")
    func reclaiming() throws {
        let publication = Publication(readers: 1)
        let freed = Tally()
        let shared = Shared(Value(1, freed), publication)
        let reader = try publication.makeReader()
        reader.enter()
        shared.value.replace(by: Value(2, freed))
        shared.value.reclaim()
        #expect(freed.count == 0)
        reader.leave()
        shared.value.reclaim()
        #expect(freed.count == 1)
        #expect(shared.value.read { $0.number } == 2)
    }

    @Test("Threads inside readers and outside see whole values while two others replace them")
    func concurrency() throws {
        let publication = Publication(readers: 2)
        let freed = Tally()
        let rounds = 2_000
        do {
            let shared = Shared(Value(0, freed), publication)
            let insiders = (0..<2).map { _ in
                TestThread {
                    guard let reader = try? publication.makeReader() else { return }
                    while !shared.isOver.isOpen {
                        reader.enter()
                        for _ in 0..<16 { shared.look() }
                        reader.leave()
                    }
                }
            }
            let outsider = TestThread { while !shared.isOver.isOpen { shared.look() } }
            let writers = (0..<2).map { writer in
                TestThread { for round in 0..<rounds { shared.value.replace(by: Value(round * 2 + writer, freed)) } }
            }
            for thread in writers { thread.join() }
            waitUntil { shared.looks.count > 100 }
            shared.isOver.open()
            for thread in insiders + [outsider] { thread.join() }
            #expect(shared.torn.count == 0)
        }
        #expect(freed.count == 2 * rounds + 1)
    }
}
