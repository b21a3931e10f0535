// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NIOCore
import Testing

@testable import NetiControl

/// Damaged messages, from the bytes of the stream to the reply: each gets a reply, or ends the connection.
///
/// `NETI_FUZZ_INPUTS` sets how many; the seed of each is its number, so a failure can be repeated.
struct ControlFuzzTests {
    private static let inputs = ProcessInfo.processInfo.environment["NETI_FUZZ_INPUTS"].flatMap(Int.init) ?? 20_000

    private static let corpus = [
        #"{"method":"io.neti.Control.GetStatus"}"#,
        #"{"method":"io.neti.Control.ListInstances","parameters":{}}"#,
        #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"blue"}}"#,
        #"{"method":"io.neti.Control.ListKstats","more":true,"parameters":{"instance":0,"module":"inet","netid":1}}"#,
        #"{"method":"io.neti.Control.SetLogLevel","oneway":true,"parameters":{"level":"debug"}}"#,
        #"{"method":"io.neti.Control.Monitor","more":true,"parameters":{"instance":"a","kinds":["nic","kstat"]}}"#,
        #"{"method":"io.neti.Control.Inject","parameters":{"instance":"blue","packets":["45","60"],"style":"queueIn"}}"#,
        #"{"method":"org.varlink.service.GetInfo","upgrade":false,"parameters":null}"#,
        #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.neti.Control"}}"#,
        #"{"method":"\u0069o.neti.Control.ListHooks","parameters":{"instance":"\ud83d\ude00\u0000"}}"#,
    ].map { Array($0.utf8) }

    /// What changes the shape of a message rather than one letter.
    private static let pieces = [
        "\0", "\"", "\\", "\\u", "\\ud800", "{", "}", "[", "]", ":", ",", "null", "true", "-", "1e999", "0.1",
        "18446744073709551616", "\"method\":", "\"parameters\":", "\"oneway\":true,", "\u{feff}", "{\"\":0},",
    ].map { Array($0.utf8) }

    private let dispatch = Dispatch(
        backend: FakeBackend(), authority: Authority(uid: 1, gid: nil), version: "1.0", logger: LogRecorder.discarding)
    private let caller = Caller(PeerCredentials(pid: 1, uid: 1, gid: 1))

    private func damaged(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes = Self.corpus[Int.random(in: 0..<Self.corpus.count, using: &random)]
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = Int.random(in: place..<min(bytes.count, place + 12), using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place...end)
            case 2: bytes.removeLast(bytes.count - place)
            case 3: bytes.insert(contentsOf: bytes[place...end], at: Int.random(in: 0..<bytes.count, using: &random))
            case 4: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: place)
            default: bytes.replaceSubrange(place...end, with: Self.pieces.randomElement(using: &random) ?? [])
            }
        }
        return bytes + [0]
    }

    private static func firstReply(of queue: MonitorQueue) async throws -> [UInt8] {
        let events = await queue.next(atMost: 1) ?? []
        #expect(events.first?.ready == true)
        return try events.flatMap { try Message.reply(Monitor.Reply(event: $0), continues: true) }
    }

    @Test func damagedMessagesAreAnsweredOrEndTheConnection() async throws {
        var answered = 0
        var begun = 0
        var ended = 0
        for seed in 0..<UInt64(Self.inputs) {
            var decoder = FrameDecoder(limit: 256)
            var stream = ByteBuffer(bytes: damaged(seed: seed))
            do {
                while let message = try decoder.decode(buffer: &stream) {
                    let reply: [UInt8]
                    switch try await dispatch.answer(to: message, from: caller) {
                    case .nothing: continue
                    case .reply(let answer): reply = answer
                    case .events(let queue):
                        defer { dispatch.end(queue) }
                        reply = try await Self.firstReply(of: queue)
                        begun += 1
                    }
                    _ = try Message.header(Message.ReplyHeader.self, of: reply.dropLast())
                    #expect(reply.firstIndex(of: 0) == reply.count - 1, "seed \(seed)")
                    answered += 1
                }
            } catch is FrameDecoder.TooLong {
                ended += 1
            } catch is Message.Malformed {
                ended += 1
            }
        }
        // All must happen, or the damage is not of the right size.
        #expect(answered > Self.inputs / 20)
        #expect(begun > Self.inputs / 200)
        #expect(ended > Self.inputs / 20)
    }

    @Test func damagedRepliesAreUnderstoodOrRefused() throws {
        let replies = [
            try Message.reply(ListHooks.Reply(hooks: Samples.hooks)),
            try Message.reply(ListKstats.Reply(kstats: Samples.kstats)),
            try Message.reply(ControlError.invalidArgument("a", reason: "b").onTheWire),
        ]
        var refused = 0
        let rounds = Self.inputs / 10
        for seed in 0..<UInt64(rounds) {
            var random = SeededGenerator(seed: seed)
            var bytes = Array(replies[Int.random(in: 0..<replies.count, using: &random)].dropLast())
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                _ = try Message.header(Message.ReplyHeader.self, of: bytes)
                _ = try Message.parameters(ofReply: bytes) as ListHooks.Reply
            } catch {
                refused += 1
            }
        }
        #expect(refused > rounds / 2)
    }
}
