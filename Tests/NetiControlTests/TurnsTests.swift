// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import NetiControl

/// Work that happens one after the other.
struct TurnsTests {
    private final class Record: Sendable {
        let running = Atomic(0)
        let done = Mutex<[Int]>([])
    }

    @Test func oneIsDoneAfterTheOther() async {
        let (turns, record) = (Turns(), Record())
        await withDiscardingTaskGroup { group in
            for number in 0..<500 {
                group.addTask {
                    await turns.inTurn {
                        #expect(record.running.wrappingAdd(1, ordering: .relaxed).newValue == 1)
                        record.done.withLock { $0.append(number) }
                        record.running.wrappingSubtract(1, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(record.done.withLock { $0.sorted() } == Array(0..<500))
    }

    @Test func whatFailsHandsTheTurnOn() async {
        let turns = Turns()
        for _ in 0..<2 {
            await #expect(throws: ControlError.self) {
                try await turns.inTurn { () throws(ControlError) in throw .failed(reason: "no") }
            }
        }
        #expect(await turns.inTurn { 1 } == 1)
    }

    @Test func whoWaitsKeepsNoThread() async throws {
        let threads = ControlThreads(answering: 2)
        try await threads.start()
        let (turns, gate) = (Turns(), Gate())
        await withDiscardingTaskGroup { group in
            // More than there are threads, and the first one holds all of them up.
            for _ in 0..<10 { group.addTask(executorPreference: threads) { await turns.inTurn { gate.wait() } } }
            await Task(executorPreference: threads) {}.value
            gate.open()
        }
        try await threads.stop()
    }

    /// What several may wait at until it is open.
    private final class Gate: Sendable {
        private let isOpen = Atomic(false)

        func open() { isOpen.store(true, ordering: .releasing) }

        func wait() {
            let deadline = ContinuousClock.now + .seconds(60)
            while !isOpen.load(ordering: .acquiring), ContinuousClock.now < deadline {}
            let isOver = !isOpen.load(ordering: .acquiring)
            #expect(!isOver)
        }
    }
}
