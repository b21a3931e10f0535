// SPDX-License-Identifier: Apache-2.0

import ControlNoise
import NIOCore
import Testing

@testable import NetiControl

struct FrameDecoderTests {
    private func decode(_ pieces: [[UInt8]], limit: Int) throws(FrameDecoder.TooLong) -> [[UInt8]] {
        var decoder = FrameDecoder(limit: limit)
        var buffer = ByteBuffer()
        var messages: [[UInt8]] = []
        for piece in pieces {
            buffer.writeBytes(piece)
            while let message = try decoder.decode(buffer: &buffer) {
                messages.append(message)
            }
        }
        while let message = try decoder.decodeLast(buffer: &buffer, seenEOF: true) {
            messages.append(message)
        }
        #expect(buffer.readableBytes == 0)
        return messages
    }

    @Test func aStreamMayBeCutAnywhere() throws {
        let messages: [[UInt8]] = ["{}", "", #"{"method":"a.b"}"#].map { Array($0.utf8) }
        let stream = messages.flatMap { $0 + [0] } as [UInt8]
        for cut in 0...stream.count {
            let pieces = [Array(stream[..<cut]), Array(stream[cut...])]
            #expect(try decode(pieces, limit: 64) == messages, "cut at \(cut)")
        }
        #expect(try decode(stream.map { [$0] }, limit: 64) == messages)
    }

    @Test func aMessageWithoutItsEndIsForgottenAtTheEnd() throws {
        #expect(try decode([Array("{}\0{\"meth".utf8)], limit: 64) == [Array("{}".utf8)])
    }

    @Test(arguments: [0, 1, 7]) func theLimitIsTheLastLengthThatIsTaken(limit: Int) throws {
        let longest = [UInt8](repeating: 65, count: limit)
        #expect(try decode([longest + [0]], limit: limit) == [longest])
        #expect(throws: FrameDecoder.TooLong()) { try decode([longest + [65, 0]], limit: limit) }
        #expect(throws: FrameDecoder.TooLong()) { try decode([longest + [65]], limit: limit) }
        #expect(throws: FrameDecoder.TooLong()) { try decode([longest, [65]], limit: limit) }
    }

    @Test(arguments: 0..<200) func anyMessagesInAnyPieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let messages: [[UInt8]] = (0..<Int.random(in: 0..<20, using: &random)).map { _ in
            (0..<Int.random(in: 0..<50, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
        }
        var rest = messages.reduce(into: [UInt8]()) { $0 += $1 + [0] }[...]
        var pieces: [[UInt8]] = []
        while !rest.isEmpty {
            let count = Int.random(in: 1...min(rest.count, 70), using: &random)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try decode(pieces, limit: 50) == messages)
    }
}
