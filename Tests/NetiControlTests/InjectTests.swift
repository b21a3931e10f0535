// SPDX-License-Identifier: Apache-2.0

import Logging
import Testing

@testable import NetiControl

/// `Inject`: what reaches the daemon, who may, and what the log tells.
struct InjectTests {
    private let backend = FakeBackend()
    private let log = LogRecorder()

    /// The reply of a daemon that runs as user 100 without a group.
    private func reply(_ message: [UInt8], from caller: Caller) async throws -> String {
        let dispatch = Dispatch(
            backend: backend, authority: Authority(uid: 100, gid: nil), version: "1.0", logger: log.logger)
        guard case .reply(let reply) = try await dispatch.answer(to: message.dropLast(), from: caller) else {
            return ""
        }
        return String(decoding: reply.dropLast(), as: UTF8.self)
    }

    private let owner = Caller(PeerCredentials(pid: 7, uid: 100, gid: 1))

    private let packets = (0..<1000).map { HexadecimalBytes(SamplePackets.inet([UInt8($0 % 256), UInt8($0 / 256)])) }

    @Test func packetsArriveAsTheyAreAndInOrder() async throws {
        let asked = Inject(instance: "blue", style: .queueIn, interface: "veth0", packets: packets)
        try await withServer(backend) { path in
            try await onThread {
                var client = try ControlClient(path: path)
                #expect(try client.call(asked) == Inject.Reply(accepted: 1000, refusals: []))
                #expect(
                    client.error(of: Inject(instance: "red", style: .queueOut, packets: packets))
                        == .refused(.noSuchInstance("red")))
                #expect(try client.call(Samples.injection).accepted == 2)
            }
        }
        #expect(backend.injected == [asked, Samples.injection])
    }

    @Test("A stranger injects nothing, and the log says who tried")
    func strangers() async throws {
        let stranger = Caller(PeerCredentials(pid: 8, uid: 101, gid: 0))
        let reply = try await reply(Message.call(Samples.injection), from: stranger)
        #expect(
            reply == """
                {"error":"io.neti.Control.PermissionDenied","parameters":{"reason":"only root and user 100 may do this"}}
                """)
        #expect(backend.injected == [])
        #expect(log.entries.map(\.level) == [.warning])
        #expect(log.entries.first?.metadata["uid"] == "101")
    }

    @Test("The log tells of a connection's first call and of each that goes another way, never the packets")
    func isLoggedOnce() async throws {
        func inject(_ style: Inject.Style, _ instance: String, _ caller: Caller) async throws {
            let call = Inject(instance: instance, style: style, packets: [HexadecimalBytes([0x45, 0xEE])])
            _ = try await reply(Message.call(call), from: caller)
        }
        for _ in 0..<5 { try await inject(.queueOut, "blue", owner) }
        for _ in 0..<2 { try await inject(.directOut, "blue", owner) }
        try await inject(.directOut, "global", owner)
        try await inject(.directOut, "red", owner)
        try await inject(.directOut, "global", Caller(PeerCredentials(pid: 9, uid: 0, gid: 0)))
        let told = log.entries.filter { $0.level == .notice }
        #expect(
            told.map { "\($0.metadata["pid"] ?? "") \($0.metadata["parameters"] ?? "")" } == [
                #"7 {"instance":"blue","style":"queueOut"}"#, #"7 {"instance":"blue","style":"directOut"}"#,
                #"7 {"instance":"global","style":"directOut"}"#, #"9 {"instance":"global","style":"directOut"}"#,
            ])
        // Other changes are told each time.
        for _ in 0..<2 { _ = try await reply(Message.call(SetLogLevel(level: .info)), from: owner) }
        #expect(log.entries.filter { $0.level == .notice }.count == 6)
    }

    @Test(
        "What can't be meant is refused by the parameter's name",
        arguments: [
            (#"{"instance":"blue","style":"queueOut","packets":["450"]}"#, "packets.Index 0"),
            (#"{"instance":"blue","style":"queueOut","packets":["45","0x45"]}"#, "packets.Index 1"),
            (#"{"instance":"blue","style":"queueOut","packets":["45",7]}"#, "packets.Index 1"),
            (#"{"instance":"blue","style":"queueOut","packets":"45"}"#, "packets"),
            (#"{"instance":"blue","style":"queueOut"}"#, "packets"),
            (#"{"instance":"blue","style":"NI_QUEUE_OUT","packets":["45"]}"#, "style"),
            (#"{"instance":"blue","packets":["45"]}"#, "style"),
            (#"{"style":"queueOut","packets":["45"]}"#, "instance"),
            (#"{"instance":"blue","style":"queueOut","packets":["45"],"interface":2}"#, "interface"),
            (#"{"instance":"blue","style":"queueOut","packets":["45"],"delay":2}"#, "delay"),
        ])
    func wrongParameters(parameters: String, name: String) async throws {
        let call = #"{"method":"io.neti.Control.Inject","parameters":\#(parameters)}"#
        #expect(
            try await reply(call.asMessage, from: owner) == """
                {"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"\(name)"}}
                """)
        #expect(backend.injected == [])
    }

    @Test func noPacketsAreNoCall() async throws {
        let reply = try await reply(
            Message.call(Inject(instance: "blue", style: .queueOut, packets: [])), from: owner)
        #expect(reply.contains(#""error":"io.neti.Control.InvalidArgument","parameters":{"argument":"packets""#))
    }

    @Test("A call holds as many packets as fit into a message; more are refused before they are sent")
    func bounds() async throws {
        let longest = HexadecimalBytes([UInt8](repeating: 0x45, count: 65_575))
        @Sendable func asked(_ count: Int) -> Inject {
            Inject(instance: "blue", style: .queueOut, packets: Array(repeating: longest, count: count))
        }
        try await withServer(backend) { path in
            try await onThread {
                var client = try ControlClient(path: path)
                #expect(try client.call(asked(7)).accepted == 7)
                #expect(client.error(of: asked(8)) == .callTooLong)
                #expect(try client.call(Samples.injection).accepted == 2)
            }
        }
    }
}
