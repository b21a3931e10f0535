// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NetiControl

/// What a control client sends: a stream of bytes to messages, each message to a reply.
struct ControlCall: Surface {
    /// Bytes of a message; short, so that longer ones are met.
    private static let limit = 512

    private let dispatch = Dispatch(
        backend: FixedBackend(), authority: Authority(uid: 1, gid: nil), version: "1.0",
        logger: Logger(label: "neti-fuzz") { _ in SwiftLogNoOpLogHandler() })
    private let caller = Caller(PeerCredentials(pid: 1, uid: 1, gid: 1))

    var isText: Bool { true }

    var words: [[UInt8]] {
        ControlWords.json
            + [
                #""method":"#, #""parameters":{"#, #""oneway":true,"#, #""more":true,"#, #""upgrade":true,"#,
                #""io.neti.Control.GetStatus""#, #""io.neti.Control.SetLogLevel""#, #""org.varlink.service.GetInfo""#,
                #""io.neti.Control.Monitor""#, #""more":true,"parameters":{"kinds":["nic"]}"#, #""kinds":["#,
                #""instance":"#, #""netid":"#, #""level":"debug""#, #""interface":"#, #""io.neti.Control.SetKstat""#,
                #""io.neti.Control.GetMetrics""#, #""io.neti.Control.Capture","more":true"#,
                #""verdicts":["drop"]"#, #""snaplen":96"#, #""match":"all""#,
                #""statistic":"events","value":"1""#, #""io.neti.Control.ChangeHook""#,
                #""hook":"slow","values":{"delay":"1ms"}"#, #""io.neti.Control.Inject""#, #""style":"directOut""#,
                #""io.neti.Control.AddHook""#, #""hint":"after","hintValue":"filter""#, #""save":true"#,
                #""io.neti.Control.AddInstance""#, #""netns":"b*","values":{"queue":"1"}"#,
                #""packets":["45"]"#, #","60""#, #","4""#, #","4g""#, "\0", "\n",
            ].map { Array($0.utf8) }
    }

    func feed(_ input: [UInt8]) async throws -> Bool {
        // One message a line in the corpus.
        let stream = input.map { $0 == UInt8(ascii: "\n") ? 0 : $0 }
        let messages = Self.messages([stream])
        let cut = stream.count / 3
        let pieces = [stream.prefix(cut), stream.dropFirst(cut).prefix(1), stream.dropFirst(cut + 1)].map(Array.init)
        try require(Self.messages(pieces) == messages, "other messages when the stream comes in pieces")
        var isAnswered = false
        for message in messages ?? [] {
            try require(!message.contains(0) && message.count <= Self.limit, "a message of \(message.count) bytes")
            guard let reply = try await reply(to: message) else { continue }
            try require(try await self.reply(to: message) == reply, "another reply to the same call")
            try require(reply.firstIndex(of: 0) == reply.count - 1, "a reply that doesn't end in its only null byte")
            let header = try Message.header(Message.ReplyHeader.self, of: reply.dropLast())
            if header.error == nil { isAnswered = true }
        }
        return isAnswered
    }

    /// Nil when no reply is due: the call wants none, or the connection ends. Of many replies, one that tells of
    /// something: that a stream has begun is told with the time.
    private func reply(to message: [UInt8]) async throws -> [UInt8]? {
        let answer: Dispatch.Answer
        do {
            answer = try await dispatch.answer(to: message, from: caller)
        } catch is Message.Malformed {
            return nil
        }
        switch answer {
        case .nothing: return nil
        case .reply(let reply): return reply
        case .packets(let source):
            defer { source.finish() }
            guard let reply = await source.next() else { return nil }
            return try Message.reply(reply, continues: true)
        case .events(let stream):
            defer { dispatch.end(stream) }
            let events = await stream.queue.next(atMost: 2) ?? []
            try require(events.first?.ready == true && events.count == 2, "a stream that doesn't begin: \(events)")
            return try Message.reply(Monitor.Reply(event: events[1]), continues: true)
        }
    }

    /// The messages of a stream up to its end; nil if one is too long.
    private static func messages(_ pieces: [[UInt8]]) -> [[UInt8]]? {
        var decoder = FrameDecoder(limit: limit)
        var buffer = ByteBuffer()
        var messages: [[UInt8]] = []
        do throws(FrameDecoder.TooLong) {
            for piece in pieces {
                buffer.writeBytes(piece)
                while let message = try decoder.decode(buffer: &buffer) { messages.append(message) }
            }
            while let message = try decoder.decodeLast(buffer: &buffer, seenEOF: true) { messages.append(message) }
            return messages
        } catch {
            return nil
        }
    }
}
