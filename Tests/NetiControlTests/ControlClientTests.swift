// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

@testable import NetiControl

/// What the client makes of a daemon that is absent, silent, or talks nonsense.
struct ControlClientTests {
    @Test func anAbsentDaemonIsOneLine() async throws {
        try await withDirectory { directory in
            let error = await connectError(directory + "/neti.sock")
            #expect("\(error)" == "no daemon answers at \(directory)/neti.sock: No such file or directory")
            let dead = try FileDescriptor.unixStreamSocket(blocking: true)
            try UnixAddress(path: directory + "/dead").bind(dead)
            try dead.close()
            let refused = await connectError(directory + "/dead")
            #expect("\(refused)" == "no daemon answers at \(directory)/dead: Connection refused")
        }
    }

    private func connectError(_ path: String) async -> ControlClientError {
        do {
            try await onThread { _ = try ControlClient(path: path) }
            return .closed
        } catch {
            return error as? ControlClientError ?? .closed
        }
    }

    /// What a call is refused with by a daemon that sends `reply`.
    private func outcome(
        of reply: String, closing: Bool = true, timeout: Duration = .seconds(10)
    ) async throws -> ControlClientError? {
        try await withPretendedDaemon(sending: reply, closing: closing, timeout: timeout) { client in
            client.error(of: ListHooks())
        }
    }

    /// Plays a daemon that sends something to the first client and then keeps the connection or closes it.
    private func withPretendedDaemon<Result: Sendable>(
        sending reply: String, closing: Bool = true, timeout: Duration = .seconds(10),
        _ body: @escaping @Sendable (inout ControlClient) -> Result
    ) async throws -> Result {
        try await withDirectory { directory in
            let path = directory + "/s"
            let listener = try FileDescriptor.unixStreamSocket(blocking: true)
            try UnixAddress(path: path).bind(listener)
            #expect(listen(listener.rawValue, 1) == 0)
            defer { try? listener.close() }
            return try await onThread { () throws -> Result in
                var client = try ControlClient(path: path, timeout: timeout)
                let accepted = accept(listener.rawValue, nil, nil)
                let served = FileDescriptor(rawValue: accepted)
                try served.writeAll(reply.utf8)
                if closing { shutdown(accepted, CInt(SHUT_WR)) }
                defer { try? served.close() }
                return body(&client)
            }
        }
    }

    private static let cases: [(String, ControlClientError?)] = [
        (#"{"parameters":{"hooks":[]}}\#0"#, nil),
        (#"{"parameters":{"hooks":[],"newer":1}}\#0"#, nil),
        ("", ControlClientError.closed),
        (#"{"parameters":{"hooks":[]}}"#, .closed),
        ("\0", .notUnderstood),
        ("nonsense\0", .notUnderstood),
        ("{}\0", .notUnderstood),
        (#"{"parameters":{"hooks":7}}\#0"#, .notUnderstood),
        (#"{"continues":true,"parameters":{"hooks":[]}}\#0"#, .notUnderstood),
        (#"{"error":"org.example.Odd"}\#0"#, .unknown(name: "org.example.Odd")),
        (#"{"error":"org.example.Odd","parameters":{"x":1}}\#0"#, .notUnderstood),
        (#"{"error":"io.neti.Control.NoSuchInstance"}\#0"#, .unknown(name: "io.neti.Control.NoSuchInstance")),
        (
            #"{"error":"io.neti.Control.NoSuchInstance","parameters":{"instance":"x"}}\#0"#,
            .refused(.noSuchInstance("x"))
        ),
        (#"{"error":"org.varlink.service.ExpectedMore"}\#0"#, .notOffered(.expectedMore)),
    ]

    @Test(arguments: cases)
    func repliesOfAllKinds(reply: String, expected: ControlClientError?) async throws {
        #expect(try await outcome(of: reply) == expected)
    }

    @Test func aDaemonThatDoesNotAnswerIsNotWaitedForForEver() async throws {
        #expect(try await outcome(of: "{", closing: false, timeout: .milliseconds(100)) == .timedOut)
    }

    @Test(
        arguments: [
            (#"{"parameters":{"event":{"time":1}}}\#0"#, 1, nil),
            (
                #"{"continues":true,"parameters":{"event":{"time":1,"newer":{}}}}\#0{"parameters":{"event":{"time":2}}}\#0"#,
                2, nil
            ),
            (#"{"continues":true,"parameters":{"event":{"time":1}}}\#0"#, 1, ControlClientError.closed),
            (#"{"continues":true,"parameters":{"event":{}}}\#0"#, 0, .notUnderstood),
            (#"{"continues":true,"parameters":{"event":{"time":1}}}\#0nonsense\#0"#, 1, .notUnderstood),
            (
                #"{"continues":true,"parameters":{"event":{"time":1}}}\#0{"error":"io.neti.Control.Failed","parameters":{"reason":"r"}}\#0"#,
                1, .refused(.failed(reason: "r"))
            ),
            (
                #"{"error":"org.varlink.service.MethodNotFound","parameters":{"method":"m"}}\#0"#, 0,
                .notOffered(.methodNotFound("m"))
            ),
        ] as [(String, Int, ControlClientError?)])
    func theClientTakesRepliesUntilTheLast(replies: String, told: Int, expected: ControlClientError?) async throws {
        let outcome = try await withPretendedDaemon(sending: replies) { client -> (Int, ControlClientError?) in
            var count = 0
            do throws(ControlClientError) {
                try client.call(more: Monitor()) { _ in
                    count += 1
                    return true
                }
                return (count, nil as ControlClientError?)
            } catch {
                return (count, error)
            }
        }
        #expect(outcome.0 == told)
        #expect(outcome.1 == expected)
    }
}
