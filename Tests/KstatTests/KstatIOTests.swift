// SPDX-License-Identifier: Apache-2.0

import Kstat
import SystemPackage
import Testing

/// The queue helpers (R183) and how IO is read (R181).
struct KstatIOTests {
    private func at(_ nanoseconds: Int64) -> KstatTime { KstatTime(nanoseconds: nanoseconds) }

    @Test("Times grow by the span, length times by span and length before the call (R183)")
    func queues() throws {
        var io = KstatIO()
        io.enterWaitQueue(at: at(100))
        #expect(io.waitQueue.time == 0)
        #expect(io.waitQueue.lastUpdate == at(100))
        io.enterWaitQueue(at: at(110))
        #expect((io.waitQueue.time, io.waitQueue.lengthTime, io.waitQueue.count) == (10, 10, 2))
        try io.exitWaitQueue(at: at(115))
        #expect((io.waitQueue.time, io.waitQueue.lengthTime, io.waitQueue.count) == (15, 20, 1))
        try io.moveToRunQueue(at: at(120))
        #expect((io.waitQueue.time, io.waitQueue.lengthTime, io.waitQueue.count) == (20, 25, 0))
        #expect((io.runQueue.time, io.runQueue.lengthTime, io.runQueue.count) == (0, 0, 1))
        #expect(io.waitQueue.lastUpdate == io.runQueue.lastUpdate)
        io.enterRunQueue(at: at(130))
        try io.moveBackToWaitQueue(at: at(140))
        #expect((io.runQueue.time, io.runQueue.lengthTime, io.runQueue.count) == (20, 30, 1))
        #expect((io.waitQueue.time, io.waitQueue.lengthTime, io.waitQueue.count) == (20, 25, 1))
        #expect(io.waitQueue.lastUpdate == at(140))
        try io.exitRunQueue(at: at(141))
        #expect((io.runQueue.time, io.runQueue.lengthTime, io.runQueue.count) == (21, 31, 0))
    }

    @Test("Leaving an empty queue is EINVAL and changes nothing")
    func empty() throws {
        for exit in Exit.allCases {
            var io = KstatIO()
            #expect(errno(exit, &io) == .invalidArgument)
            #expect(io == KstatIO())
        }
    }

    private enum Exit: CaseIterable {
        case waitQueue
        case runQueue
        case toRunQueue
        case backToWaitQueue
    }

    private func errno(_ exit: Exit, _ io: inout KstatIO) -> Errno? {
        do throws(KstatError) {
            switch exit {
            case .waitQueue: try io.exitWaitQueue()
            case .runQueue: try io.exitRunQueue()
            case .toRunQueue: try io.moveToRunQueue()
            case .backToWaitQueue: try io.moveBackToWaitQueue()
            }
            return nil
        } catch {
            return error.errno
        }
    }

    @Test("A reader gets times up to now, the kstat keeps its own (R181)")
    func reading() throws {
        let registry = KstatRegistry(limit: 1)
        let kstat = try registry.create(module: "disk", class: "disk", type: .io, count: 1, netids: [0])
        try registry.install(kstat)
        try kstat.withIO { $0.enterRunQueue() }
        guard case .io(let first) = try registry.read(kstat).data, case .io(let second) = try registry.read(kstat).data
        else {
            Issue.record("data of another type")
            return
        }
        #expect(first.runQueue.count == 1)
        #expect(second.runQueue.time > first.runQueue.time)
        #expect(second.runQueue.lengthTime == second.runQueue.time)
        #expect(second.waitQueue == KstatIO.Queue())
    }
}
