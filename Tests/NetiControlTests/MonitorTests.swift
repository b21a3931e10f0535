// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

/// Calls with many replies, as any Varlink client makes them.
struct MonitorTests {
    private static let call = RawClient.monitorCall

    @Test func everyEventIsAReplyThatContinues() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient.monitoring(path)
                backend.post(Samples.events)
                for expected in Samples.events { #expect(try client.event() == expected) }
                #expect(backend.monitors == [Monitor()])
            }
        }
    }

    @Test func theClientIsToldEachReplyAndMayStop() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let events = Array(Samples.events.dropFirst())
                var told: [Monitor.Event] = []
                do {
                    var client = try ControlClient(path: path)
                    try client.call(more: Monitor(kinds: [.nic], instance: "blue")) { reply in
                        if reply.event.ready == true {
                            #expect(backend.monitors == [Monitor(kinds: [.nic], instance: "blue")])
                            backend.post(events)
                        } else {
                            told.append(reply.event)
                        }
                        return told.count < events.count
                    }
                }
                #expect(told == events)
                try backend.waitForMonitors(0)
            }
        }
    }

    @Test func withoutMoreItIsTheStandardError() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient(path)
                for more in ["", #","more":false"#, #","more":null"#] {
                    try client.send(#"{"method":"io.neti.Control.Monitor"\#(more)}"#)
                    #expect(try client.receive() == #"{"error":"org.varlink.service.ExpectedMore"}"#)
                }
                var typed = try ControlClient(path: path)
                #expect(typed.error(of: Monitor()) == .notOffered(.expectedMore))
            }
        }
        #expect(backend.monitors == [])
    }

    @Test(arguments: [
        (#"{"kinds":"nic"}"#, "org.varlink.service.InvalidParameter", #""parameter":"kinds""#),
        (#"{"instance":7}"#, "org.varlink.service.InvalidParameter", #""parameter":"instance""#),
        (#"{"kind":["nic"]}"#, "org.varlink.service.InvalidParameter", #""parameter":"kind""#),
        (#"{"kinds":[]}"#, "io.neti.Control.InvalidArgument", #""argument":"kinds""#),
        (#"{"instance":""}"#, "io.neti.Control.InvalidArgument", #""argument":"instance""#),
    ])
    func whatCannotBeToldIsRefusedAndTheConnectionUsable(
        parameters: String, error: String, parameter: String
    ) async throws {
        let backend = FakeBackend()
        try await withServer(backend, limits: .init { $0.monitors = 1 }) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(#"{"method":"io.neti.Control.Monitor","more":true,"parameters":\#(parameters)}"#)
                let reply = try client.receive() ?? ""
                #expect(reply.hasPrefix(#"{"error":"\#(error)""#) && reply.contains(parameter), "\(reply)")
                try client.send(Self.call)
                #expect(try client.receive()?.contains("ready") == true)
                try backend.waitForMonitors(1)
            }
        }
    }

    @Test func anUnknownKindOrAnUpgradeIsRefused() async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(
                    #"{"method":"io.neti.Control.Monitor","more":true,"parameters":{"kinds":["nic","nick"]}}"#)
                #expect(try client.receive()?.contains("InvalidParameter") == true)
                try client.send(#"{"method":"io.neti.Control.Monitor","more":true,"upgrade":true}"#)
                #expect(try client.receive()?.contains("MethodNotImplemented") == true)
            }
        }
    }

    @Test func nobodyIsToldByAOnewayCall() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(
                    #"{"method":"io.neti.Control.Monitor","more":true,"oneway":true}"#,
                    #"{"method":"io.neti.Control.Monitor","oneway":true}"#, RawClient.otherCall)
                #expect(try client.receive()?.contains("NoSuchInstance") == true)
            }
        }
        #expect(backend.monitors == [])
    }

    @Test(arguments: [0, 1, 40]) func aClientThatGoesIsForgottenAtOnce(callsBehind: Int) async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                do {
                    let client = try RawClient.monitoring(path)
                    for _ in 0..<callsBehind { try client.send(RawClient.otherCall) }
                    try backend.waitForMonitors(1)
                }
                // Nothing is posted that would show the server that nobody reads.
                try backend.waitForMonitors(0)
            }
        }
    }

    @Test func aClientThatGoesWithoutReadingIsForgotten() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                do {
                    let client = try RawClient.monitoring(path)
                    for _ in 0..<100 { backend.post(Array(repeating: Samples.events[1], count: 100)) }
                    try client.waitForData()
                }
                try backend.waitForMonitors(0)
            }
        }
    }

    @Test func aClientThatHasNoMoreCallsIsStillTold() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                do {
                    let client = try RawClient.monitoring(path)
                    client.finish()
                    for _ in 0..<3 {
                        backend.post([Samples.events[1]])
                        #expect(try client.event() == Samples.events[1])
                    }
                }
                try backend.waitForMonitors(0)
            }
        }
    }

    @Test func callsBehindAStreamWaitForItsEnd() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient.monitoring(path)
                try client.send(RawClient.otherCall, "nonsense")
                backend.post([Samples.events[1]])
                #expect(try client.event() == Samples.events[1])
                backend.post([Samples.events[2]])
                #expect(try client.event() == Samples.events[2])
            }
        }
    }
}
