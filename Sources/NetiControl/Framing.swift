// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// How long a message may be, without the NUL that ends it.
enum MessageLimit {
    /// A call, in bytes. What the server keeps for one client stays below this.
    static let call = 1 << 20
    /// A reply, in bytes. Lists of a machine with many instances are longer than any call.
    static let reply = 16 << 20
}

/// Cuts a stream of bytes into messages, each ended by one NUL (varlink.org, "Protocol").
///
/// Looks at each byte once, however the stream is cut, and keeps at most one message of ``limit`` bytes and what arrived
/// with its end.
package struct FrameDecoder: NIOSingleStepByteToMessageDecoder {
    package typealias InboundOut = [UInt8]

    /// A message is longer than agreed, whether its end has arrived or not. The stream cannot be used any longer.
    package struct TooLong: Error, Equatable {}

    private let limit: Int

    /// Bytes at the start of the buffer that are known to be no NUL.
    private var searched = 0

    package init(limit: Int) {
        self.limit = limit
    }

    /// The next message without its NUL; nil until it is complete.
    package mutating func decode(buffer: inout ByteBuffer) throws(TooLong) -> [UInt8]? {
        let bytes = buffer.readableBytesView
        let end = bytes.dropFirst(searched).firstIndex(of: 0)
        let length = (end ?? bytes.endIndex) - bytes.startIndex
        guard length <= limit else { throw TooLong() }
        guard end != nil else {
            searched = length
            return nil
        }
        searched = 0
        let message = buffer.readBytes(length: length)
        buffer.moveReaderIndex(forwardBy: 1)
        return message
    }

    /// The next of the messages left at the end of the stream. A beginning without an end is forgotten.
    package mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws(TooLong) -> [UInt8]? {
        guard let message = try decode(buffer: &buffer) else {
            buffer.clear()
            return nil
        }
        return message
    }
}
