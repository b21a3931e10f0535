// SPDX-License-Identifier: Apache-2.0

import Logging
import Testing

@testable import NetiControl

/// What a client that monitors cannot do to the daemon, nor to the others.
struct MonitorLimitTests {
    @Test func aClientThatDoesNotReadLosesEventsAndIsToldHowMany() async throws {
        let backend = FakeBackend()
        // Far more than the socket's buffers and the queue take.
        let (capacity, posted) = (100, 20_000)
        try await withServer(
            backend,
            limits: .init {
                $0.monitorEvents = capacity; $0.idle = .milliseconds(100)
            }
        ) { path in
            try await onThread {
                let lazy = try RawClient.monitoring(path)
                let eager = try RawClient.monitoring(path)
                var eagerTold = 0
                let start = ContinuousClock.now
                for first in stride(from: 0, to: posted, by: capacity / 2) {
                    backend.post((first..<first + capacity / 2).map { .state(.up, netid: $0, instance: "i", time: 1) })
                    // The neighbour, who reads, misses nothing.
                    while eagerTold < first + capacity / 2 {
                        #expect(try eager.event().netid == eagerTold)
                        eagerTold += 1
                    }
                }
                // Not reading for longer than a client may be idle ends no stream.
                while ContinuousClock.now - start < .milliseconds(300) { _ = try ask(path) }
                var expected = 0
                var lost = 0
                while expected < posted {
                    let event = try lazy.event()
                    if let count = event.lost {
                        lost += count
                        expected += count
                    } else {
                        try #require(event.netid == expected)
                        expected += 1
                    }
                }
                #expect(lost > posted / 2)
                backend.post([.state(.gone, netid: 1, instance: "i", time: 1)])
                #expect(try lazy.event().state == .gone)
            }
        }
    }

    /// Something to do for a moment.
    private func ask(_ path: String) throws -> String? {
        let client = try RawClient(path)
        try client.send(RawClient.otherCall)
        return try client.receive()
    }

    @Test func oneMonitorTooManyIsRefusedUntilAnotherGoes() async throws {
        let backend = FakeBackend()
        try await withServer(backend, limits: .init { $0.monitors = 2 }) { path in
            try await onThread {
                let first = try RawClient.monitoring(path)
                let third = try RawClient(path)
                do {
                    let second = try RawClient.monitoring(path)
                    try third.send(RawClient.monitorCall)
                    #expect(
                        try third.receive()
                            == #"{"error":"io.neti.Control.Failed","parameters":{"reason":"2 clients are monitoring, no more may"}}"#
                    )
                    backend.post([Samples.events[1]])
                    #expect(try second.event() == Samples.events[1])
                }
                try backend.waitForMonitors(1)
                let deadline = ContinuousClock.now + .seconds(10)
                var isTold = false
                while !isTold, ContinuousClock.now < deadline {
                    try third.send(RawClient.monitorCall)
                    isTold = try third.receive()?.contains("ready") == true
                }
                #expect(isTold)
                #expect(try first.event() == Samples.events[1])
            }
        }
    }

    @Test func anotherUsersCrowdKeepsNobodyFromMonitoring() async throws {
        let backend = FakeBackend()
        let dispatch = Dispatch(
            backend: backend, authority: Authority(uid: 0, gid: nil), version: "1", limits: .init { $0.monitors = 3 },
            logger: Logger(label: "test"))
        func monitor(uid: UInt32) async throws -> MonitorStream? {
            let caller = Caller(PeerCredentials(pid: 1, uid: uid, gid: uid))
            let answer = try await dispatch.answer(to: Array(RawClient.monitorCall.utf8), from: caller)
            if case .events(let stream) = answer { return stream }
            return nil
        }
        var crowd: [MonitorStream] = []
        for _ in 0..<3 { crowd.append(try #require(try await monitor(uid: 1000))) }
        #expect(try await monitor(uid: 1000) == nil)
        let stream = try #require(try await monitor(uid: 0))
        #expect(await crowd[0].queue.next(atMost: 9) == nil)
        #expect(crowd[0].queue.reason == .failed(reason: "3 clients are monitoring, no more may"))
        dispatch.end(crowd[0])
        #expect(crowd[0].queue.reason != nil)
        #expect(await crowd[1].queue.next(atMost: 9)?.count == 1 && crowd[1].queue.reason == nil)
        #expect(await stream.queue.next(atMost: 9)?.first?.ready == true)
        // Its place was taken, not made: one who goes leaves one behind.
        #expect(try await monitor(uid: 1000) == nil)
        dispatch.end(crowd[1])
        #expect(try await monitor(uid: 1000) != nil)
    }

    @Test func whoHasLostThePlaceOfAMonitorAndDoesNotReadLosesTheConnection() async throws {
        let backend = FakeBackend()
        try await withServer(
            backend,
            limits: .init {
                $0.monitors = 2; $0.monitorEvents = 100; $0.idle = .milliseconds(200)
            }
        ) { path in
            try await onThread {
                let lazy = try RawClient.monitoring(path)
                let eager = try RawClient.monitoring(path)
                // More than the socket's buffers and the queue take: the daemon waits for the client to read.
                for first in stride(from: 0, to: 20_000, by: 50) {
                    backend.post((first..<first + 50).map { .state(.up, netid: $0, instance: "i", time: 1) })
                    while try eager.event().netid != first + 49 {}
                }
                try #require(backend.monitors.count == 2)
                backend.endMonitors()
                try lazy.waitForHangUp()
                try backend.waitForMonitors(0)
            }
        }
    }

    @Test func silenceEndsNoStream() async throws {
        let backend = FakeBackend()
        try await withServer(backend, limits: .init { $0.idle = .milliseconds(100) }) { path in
            try await onThread {
                let client = try RawClient.monitoring(path)
                // Gone when it was idle too long, so that time has passed.
                #expect(try RawClient(path).receive() == nil)
                backend.post([Samples.events[1]])
                #expect(try client.event() == Samples.events[1])
            }
        }
    }

    @Test func stoppingEndsStreamsAndWaitsForNoReader() async throws {
        let backend = FakeBackend()
        let start = ContinuousClock.now
        let (quiet, busy) = try await withServer(backend, limits: .init { $0.drain = .milliseconds(200) }) { path in
            try await onThread {
                let quiet = try RawClient.monitoring(path)
                let busy = try RawClient.monitoring(path)
                for _ in 0..<100 { backend.post(Array(repeating: Samples.events[1], count: 100)) }
                while try quiet.event().lost == nil {}
                try busy.waitForData()
                return (quiet, busy)
            }
        }
        #expect(ContinuousClock.now - start < .seconds(30))
        try await onThread {
            _ = try quiet.receiveAll()
            _ = try busy.receiveAll()
        }
        #expect(backend.monitors == [])
    }
}
