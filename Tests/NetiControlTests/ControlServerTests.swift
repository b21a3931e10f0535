// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

struct ControlServerTests {
    @Test func everyMethodAnswersItsClient() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                var client = try ControlClient(path: path)
                #expect(try client.call(GetStatus()).status == Samples.status)
                #expect(try client.call(ListInstances()).instances == Samples.instances)
                #expect(try client.call(ListHooks()).hooks == Samples.hooks)
                #expect(try client.call(ListHooks(instance: "blue")).hooks == Array(Samples.hooks[2...]))
                #expect(try client.call(ListKstats()).kstats == Samples.kstats)
                #expect(try client.call(ListKstats(module: "inet6")).kstats == [Samples.kstats[2]])
                _ = try client.call(SetLogLevel(level: .debug))
                #expect(try client.call(GetInfo()).interfaces == ["io.neti.Control", "org.varlink.service"])
                let description = try client.call(GetInterfaceDescription("io.neti.Control")).description
                #expect(description == ControlInterface.description)
            }
        }
        #expect(backend.levelsSet == [.debug])
    }

    @Test func errorsReachTheClientAndLeaveTheConnectionUsable() async throws {
        try await withServer { path in
            try await onThread {
                var client = try ControlClient(path: path)
                let instance = client.error(of: ListHooks(instance: "red"))
                #expect(instance == .refused(.noSuchInstance("red")))
                let level = client.error(of: SetLogLevel(level: .critical))
                #expect(level == .refused(.failed(reason: "logs at least errors")))
                let interface = client.error(of: GetInterfaceDescription("io.neti.Other"))
                #expect(interface == .notOffered(.interfaceNotFound("io.neti.Other")))
                #expect(try client.call(GetStatus()).status == Samples.status)
            }
        }
    }

    @Test(arguments: [
        (#"{"method":"io.neti.Control.Nothing"}"#, "MethodNotFound", #""method":"io.neti.Control.Nothing""#),
        (#"{"method":"org.varlink.service.Nothing"}"#, "MethodNotFound", #""method":"org.varlink.service.Nothing""#),
        (#"{"method":"io.neti.Control"}"#, "InterfaceNotFound", #""interface":"io.neti""#),
        (#"{"method":"io.neti.Other.GetStatus"}"#, "InterfaceNotFound", #""interface":"io.neti.Other""#),
        (#"{"method":"GetStatus"}"#, "InterfaceNotFound", #""interface":"GetStatus""#),
        (#"{"method":""}"#, "InterfaceNotFound", #""interface":"""#),
        (
            #"{"method":"io.neti.Control.GetStatus","upgrade":true}"#, "MethodNotImplemented",
            #""method":"io.neti.Control.GetStatus""#
        ),
        (#"{"method":"io.neti.Control.SetLogLevel"}"#, "InvalidParameter", #""parameter":"level""#),
        (
            #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":3}}"#, "InvalidParameter",
            #""parameter":"instance""#
        ),
        (
            #"{"method":"io.neti.Control.ListKstats","parameters":{"instance":"0"}}"#, "InvalidParameter",
            #""parameter":"instance""#
        ),
        (
            #"{"method":"io.neti.Control.GetStatus","parameters":{"verbose":true}}"#, "InvalidParameter",
            #""parameter":"verbose""#
        ),
    ])
    func callsThatCannotBeAnsweredGetTheDocumentedError(call: String, error: String, parameters: String) async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(call)
                #expect(
                    try client.receive() == """
                        {"error":"org.varlink.service.\(error)","parameters":{\(parameters)}}
                        """)
            }
        }
    }

    @Test func repliesToManyCallsInOnePieceComeInOrder() async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                let names = (0..<300).map { "i\($0)" }
                try client.send(
                    names.flatMap {
                        #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"\#($0)"}}"#.asMessage
                    })
                client.finish()
                let expected = names.map {
                    #"{"error":"io.neti.Control.NoSuchInstance","parameters":{"instance":"\#($0)"}}"#
                }
                #expect(try client.receiveAll() == expected)
            }
        }
    }

    @Test func aCallMayArriveByteByByte() async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                for byte in #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"x"}}"#.asMessage {
                    try client.send([byte])
                }
                #expect(try client.receive()?.contains("NoSuchInstance") == true)
            }
        }
    }

    @Test func onewayCallsAreDoneWithoutReply() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(
                    #"{"method":"io.neti.Control.SetLogLevel","oneway":true,"parameters":{"level":"trace"}}"#,
                    #"{"method":"io.neti.Control.Nothing","oneway":true}"#,
                    #"{"method":"io.neti.Control.SetLogLevel","oneway":true,"more":true,"parameters":{"level":"x"}}"#,
                    #"{"method":"io.neti.Control.ListHooks","oneway":false,"parameters":{"instance":"x"}}"#)
                client.finish()
                let replies = try client.receiveAll()
                #expect(replies.count == 1)
                #expect(replies.first?.contains("NoSuchInstance") == true)
                var other = try ControlClient(path: path)
                try other.callOneway(SetLogLevel(level: .info))
                _ = try other.call(GetStatus())
            }
        }
        #expect(backend.levelsSet == [.trace, .info])
    }

    @Test func aCallForMoreIsAnsweredOnce() async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(
                    #"{"method":"io.neti.Control.ListHooks","more":true,"parameters":{"instance":"a"}}"#,
                    #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"b"}}"#)
                client.finish()
                let replies = try client.receiveAll()
                #expect(replies.count == 2)
                #expect(replies.allSatisfy { !$0.contains("continues") })
            }
        }
    }

    @Test(arguments: ["", "nonsense", "[]", "{}", #"{"method":null}"#, #"{"method":"a.b""#])
    func nonsenseEndsTheConnectionAfterEarlierReplies(nonsense: String) async throws {
        try await withServer { path in
            try await onThread {
                let neighbour = try RawClient(path)
                let client = try RawClient(path)
                try client.send(#"{"method":"a.b"}"#, nonsense, #"{"method":"c.d"}"#)
                #expect(
                    try client.receiveAll() == [
                        #"{"error":"org.varlink.service.InterfaceNotFound","parameters":{"interface":"a"}}"#
                    ])
                try neighbour.send(#"{"method":"a.b"}"#)
                #expect(try neighbour.receive()?.contains("InterfaceNotFound") == true)
            }
        }
    }

    @Test func invalidUTF8EndsTheConnection() async throws {
        try await withServer { path in
            try await onThread {
                let client = try RawClient(path)
                try client.send(Array(#"{"method":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8) + [0])
                #expect(try client.receive() == nil)
            }
        }
    }
}
