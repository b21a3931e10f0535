// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NetiControl

struct MessageTests {
    private func text(_ message: [UInt8]) -> String {
        #expect(message.last == 0)
        #expect(message.firstIndex(of: 0) == message.count - 1)
        return String(decoding: message.dropLast(), as: UTF8.self)
    }

    @Test func callsLeaveOutWhatIsEmptyAndSortTheirKeys() throws {
        #expect(try text(Message.call(GetStatus())) == #"{"method":"io.neti.Control.GetStatus"}"#)
        #expect(try text(Message.call(ListHooks())) == #"{"method":"io.neti.Control.ListHooks"}"#)
        #expect(
            try text(Message.call(ListHooks(instance: "blue\0/\u{e9}"))) == """
                {"method":"io.neti.Control.ListHooks","parameters":{"instance":"blue\\u0000/\u{e9}"}}
                """)
        #expect(
            try text(Message.call(SetLogLevel(level: .debug), oneway: true)) == """
                {"method":"io.neti.Control.SetLogLevel","oneway":true,"parameters":{"level":"debug"}}
                """)
    }

    @Test func repliesLeaveOutWhatIsEmpty() throws {
        #expect(try text(Message.reply(SetLogLevel.Reply())) == "{}")
        #expect(try text(Message.reply(ListHooks.Reply(hooks: []))) == #"{"parameters":{"hooks":[]}}"#)
        #expect(
            try text(Message.reply(ControlError.noSuchInstance("red").onTheWire)) == """
                {"error":"io.neti.Control.NoSuchInstance","parameters":{"instance":"red"}}
                """)
        #expect(
            try text(Message.reply(ServiceError.expectedMore.onTheWire))
                == #"{"error":"org.varlink.service.ExpectedMore"}"#)
    }

    @Test(arguments: ["", #","parameters":null"#, #","parameters":{}"#, #","parameters":{"instance":null}"#])
    func absentParametersMayBeLeftOutOrNullOrEmpty(parameters: String) throws {
        let message = Array(#"{"method":"io.neti.Control.ListHooks"\#(parameters)}"#.utf8)
        #expect(try Message.parameters(ListHooks.self, of: message) == ListHooks())
    }

    @Test(arguments: [
        (#"{}"#, "level"), (#"null"#, "level"), (#"{"level":null}"#, "level"), (#"{"level":7}"#, "level"),
        (#"{"level":"loud"}"#, "level"), (#"{"level":["debug"]}"#, "level"), (#"{"level":"debug","lever":1}"#, "lever"),
        (#"[]"#, "parameters"), (#""debug""#, "parameters"), (#"3"#, "parameters"),
    ])
    func whatIsWrongWithAParameterIsSaidByItsName(parameters: String, name: String) {
        let message = Array(#"{"method":"io.neti.Control.SetLogLevel","parameters":\#(parameters)}"#.utf8)
        #expect(throws: ServiceError.invalidParameter(name)) {
            try Message.parameters(SetLogLevel.self, of: message)
        }
    }

    @Test(arguments: [
        "", " ", "null", "[]", "7", "\"method\"", "{", "{}", #"{"method":}"#, #"{"method":null}"#, #"{"method":7}"#,
        #"{"method":"a.b"}}"#, #"{"method":"a.b","oneway":"yes"}"#, #"{"method":"a.b","more":1}"#,
        "{\"method\":\"a.b\"",
        #"{"method":"\ud800"}"#,
    ])
    func whatIsNoCallIsRefused(text: String) {
        #expect(throws: Message.Malformed()) {
            try Message.header(Message.CallHeader.self, of: Array(text.utf8))
        }
    }

    @Test func invalidUTF8IsRefusedWhereverItIs() {
        let start = Array(#"{"method":"a.b","parameters":{"x":""#.utf8)
        let end = Array(#""}}"#.utf8)
        for bad: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
            #expect(throws: Message.Malformed()) {
                try Message.header(Message.CallHeader.self, of: start + bad + end)
            }
        }
    }

    @Test func deeplyNestedJSONIsRefused() {
        let depth = 200_000
        let text = #"{"method":"a.b","parameters":"# + String(repeating: "[", count: depth)
        #expect(throws: Message.Malformed()) {
            try Message.header(Message.CallHeader.self, of: Array(text.utf8))
        }
    }

    @Test(arguments: [
        ControlError.noSuchInstance("a"), .permissionDenied(reason: "b"), .invalidArgument("c", reason: "d"),
        .failed(reason: "e"),
    ])
    func controlErrorsSurviveTheWay(error: ControlError) {
        #expect(ControlError(error.onTheWire) == error)
        #expect(ServiceError(error.onTheWire) == nil)
        #expect(ControlError(WireError(name: error.onTheWire.name, parameters: [:])) == nil)
    }

    @Test(arguments: [
        ServiceError.interfaceNotFound("a"), .methodNotFound("b"), .methodNotImplemented("c"), .invalidParameter("d"),
        .permissionDenied, .expectedMore,
    ])
    func serviceErrorsSurviveTheWay(error: ServiceError) {
        #expect(ServiceError(error.onTheWire) == error)
        #expect(ControlError(error.onTheWire) == nil)
    }
}
