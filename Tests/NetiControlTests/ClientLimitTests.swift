// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

/// What a client cannot do to the daemon or to its other clients.
struct ClientLimitTests {
    private func limits(_ change: (inout ControlServer.Limits) -> Void) -> ControlServer.Limits {
        var limits = ControlServer.Limits()
        change(&limits)
        return limits
    }

    @Test func aCallThatIsTooLongEndsTheConnection() async throws {
        try await withServer(limits: limits { $0.callBytes = 100 }) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"a.b"}"#)
                #expect(try client.receive() != nil)
                try client.send([UInt8](repeating: 0x20, count: 101))
                #expect(try client.receive() == nil)
            }
        }
    }

    @Test func aMegabyteIsTakenAndMoreIsNot() async throws {
        let end = Array(#"{"method":"a.b"}"#.utf8)
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send([UInt8](repeating: 0x20, count: (1 << 20) - end.count) + end + [0])
                #expect(try client.receive()?.contains("InterfaceNotFound") == true)
                // The daemon may stop reading before all of it is sent.
                try? client.send([UInt8](repeating: 0x20, count: (1 << 20) + 1 - end.count) + end + [0])
                #expect(try client.receive() == nil)
            }
        }
    }

    private static let tooMany =
        #"{"error":"io.neti.Control.TooManyClients","parameters":"#
        + #"{"reason":"2 clients are connected, no more may at the moment"}}"#

    @Test func oneClientMoreTakesThePlaceOfTheOneThatWaitsTheLongest() async throws {
        let log = LogRecorder()
        try await withServer(limits: limits { $0.clients = 2 }, log: log) { path in
            try await onThread {
                let call = #"{"method":"a.b"}"#
                let clients = try (0..<2).map { _ in try RawClient(path) }
                for client in clients + [clients[0]] {
                    try client.send(call)
                    #expect(try client.receive() != nil)
                }
                let third = try RawClient(path)
                try third.send(call)
                #expect(try third.receive()?.contains("InterfaceNotFound") == true)
                #expect(try clients[1].receiveAll() == [Self.tooMany])
                try clients[0].send(call)
                #expect(try clients[0].receive()?.contains("InterfaceNotFound") == true)
            }
        }
        #expect(log.entries.count { $0.message == "too many control clients" } == 1)
    }

    @Test func aCrowdOfSilentClientsKeepsNobodyOut() async throws {
        let log = LogRecorder()
        try await withServer(limits: limits { $0.clients = 8 }, log: log) { path in
            try await onThread {
                let crowd = try (0..<200).map { _ in try RawClient(path) }
                for _ in 0..<20 {
                    var client = try ControlClient(path: path)
                    #expect(try client.call(ListHooks()).hooks == Samples.hooks)
                }
                try crowd[0].waitForHangUp()
            }
        }
        // However many there were.
        #expect(log.entries.count { $0.message == "too many control clients" } == 1)
    }

    @Test func whoIsServedKeepsItsPlaceAndOthersAreToldSo() async throws {
        let backend = GatedBackend()
        try await withServer(backend, limits: limits { $0.clients = 1 }) { path in
            let busy = try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"io.neti.Control.ListHooks"}"#)
                return client
            }
            await backend.waitForCall()
            try await onThread {
                var other = try ControlClient(path: path)
                guard case .refused(.tooManyClients) = other.error(of: GetStatus()) else {
                    Issue.record("not refused")
                    return
                }
            }
            backend.open()
            let reply = try await onThread { try busy.receive() }
            #expect(reply == #"{"parameters":{"hooks":[]}}"#)
        }
    }

    @Test func whoLostItsPlaceIsToldSoByItsNextCall() async throws {
        try await withServer(limits: limits { $0.clients = 1 }) { path in
            try await onThread {
                var first = try ControlClient(path: path)
                _ = try first.call(ListHooks())
                var second = try ControlClient(path: path)
                _ = try second.call(ListHooks())
                guard case .refused(.tooManyClients) = first.error(of: ListHooks()) else {
                    Issue.record("not refused")
                    return
                }
            }
        }
    }

    @Test func repliesThatNobodyReadsTakeSoMuchMemory() async throws {
        let limits = limits { $0.replyBytes = 3 << 20 }
        try await withServer(LargeBackend(bytes: 2 << 20), limits: limits) { path in
            try await onThread {
                let call = #"{"method":"io.neti.Control.GetStatus"}"#
                let lazy = try RawClient(path)
                try lazy.send(call)
                try lazy.waitForData()
                let other = try RawClient(path)
                try other.send(call)
                #expect(try other.receive()?.contains("too many answers wait") == true)
                #expect(try lazy.receive()?.utf8.count ?? 0 > 2 << 20)
                var last: String?
                let deadline = ContinuousClock.now + .seconds(10)
                while last?.utf8.count ?? 0 < 1 << 20, ContinuousClock.now < deadline {
                    try other.send(call)
                    last = try other.receive()
                }
                #expect(last?.utf8.count ?? 0 > 2 << 20)
            }
        }
    }

    @Test(arguments: [[], Array(#"{"method":"#.utf8)])
    func aSilentClientIsDisconnected(start: [UInt8]) async throws {
        try await withServer(limits: limits { $0.idle = .milliseconds(200) }) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(start)
                #expect(try client.receive() == nil)
            }
        }
    }

    @Test func aClientThatDoesNotReadStopsOnlyItself() async throws {
        try await withServer(LargeBackend(bytes: 1 << 20), limits: limits { $0.idle = .milliseconds(500) }) { path in
            try await onThread {
                let call = #"{"method":"io.neti.Control.GetStatus"}"#
                let lazy = try RawClient(path)
                try lazy.send(call, call, call)
                for _ in 0..<3 {
                    let other = try RawClient(path)
                    try other.send(#"{"method":"a.b"}"#)
                    #expect(try other.receive() != nil)
                }
                let reader = try RawClient(path)
                try reader.send(call)
                #expect(try reader.receive()?.utf8.count ?? 0 > 1 << 20)
                try lazy.waitForHangUp()
                #expect(try lazy.receiveAll() == [])
            }
        }
    }

    @Test func anAnswerLongerThanAClientTakesIsAnError() async throws {
        try await withServer(LargeBackend(bytes: 16 << 20)) { path in
            try await onThread {
                var client = try ControlClient(path: path)
                let error = client.error(of: GetStatus())
                #expect(error?.description.contains("ask for less") == true)
                #expect(try client.call(ListHooks()).hooks == [])
            }
        }
    }

    @Test func stoppingDoesNotWaitForAClientThatDoesNotRead() async throws {
        let start = ContinuousClock.now
        let client = try await withServer(
            LargeBackend(bytes: 1 << 20), limits: limits { $0.drain = .milliseconds(100) }
        ) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"io.neti.Control.GetStatus"}"#)
                try client.waitForData()
                return client
            }
        }
        #expect(ContinuousClock.now - start < ControlServer.Limits().idle)
        #expect(try await onThread { try client.receiveAll() } == [])
    }

    @Test func stoppingEndsIdleConnectionsAndFinishesCalls() async throws {
        let backend = GatedBackend()
        let (_, busy) = try await withServer(backend, limits: limits { $0.drain = .seconds(10) }) { path in
            let idle = try await onThread { try RawClient(path) }
            let busy = try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"io.neti.Control.ListHooks"}"#)
                return client
            }
            await backend.waitForCall()
            return (idle, busy)
        } whileStopping: { idle, _ in
            try await onThread { try idle.waitForHangUp() }
            backend.open()
        }
        let replies = try await onThread { try busy.receiveAll() }
        #expect(replies == [#"{"parameters":{"hooks":[]}}"#])
    }
}
