// SPDX-License-Identifier: Apache-2.0

import ControlNoise
import FoundationEssentials
import NIOCore
import Testing

@testable import NetiControl

/// Damaged messages, from the bytes of the stream to the reply: each gets a reply, or ends the connection.
///
/// `NETI_FUZZ_INPUTS` sets how many; the seed of each is its number, so a failure can be repeated.
struct ControlFuzzTests {
    private static let inputs = ProcessInfo.processInfo.environment["NETI_FUZZ_INPUTS"].flatMap(Int.init) ?? 20_000

    private let dispatch = Dispatch(
        backend: FakeBackend(), authority: Authority(uid: 1, gid: nil), version: "1.0", logger: LogRecorder.discarding)
    private let caller = Caller(PeerCredentials(pid: 1, uid: 1, gid: 1))

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
            var stream = ByteBuffer(bytes: DamagedCall.bytes(seed: seed))
            do {
                while let message = try decoder.decode(buffer: &stream) {
                    let reply: [UInt8]
                    switch try await dispatch.answer(to: message, from: caller) {
                    case .nothing: continue
                    case .reply(let answer): reply = answer
                    case .packets(let source):
                        defer { source.finish() }
                        guard let packets = await source.next() else { continue }
                        reply = try Message.reply(packets, continues: true)
                    case .events(let stream):
                        defer { dispatch.end(stream) }
                        reply = try await Self.firstReply(of: stream.queue)
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
