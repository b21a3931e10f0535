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

    @Test func oneClientTooManyIsTurnedAway() async throws {
        try await withServer(limits: limits { $0.clients = 2 }) { path in
            try await onThread {
                let call = #"{"method":"a.b"}"#
                let first = try RawClient(path)
                try first.send(call)
                #expect(try first.receive() != nil)
                do {
                    let second = try RawClient(path)
                    try second.send(call)
                    #expect(try second.receive() != nil)
                    let third = try RawClient(path)
                    #expect(try third.receive() == nil)
                    second.finish()
                    #expect(try second.receive() == nil)
                }
                // The server has closed the second connection, so its place is free, or will be at once.
                let deadline = ContinuousClock.now + .seconds(10)
                var answered = false
                while !answered, ContinuousClock.now < deadline {
                    let client = try RawClient(path)
                    try? client.send(call)
                    answered = try client.receive() != nil
                }
                #expect(answered)
                try first.send(call)
                #expect(try first.receive() != nil)
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
