// SPDX-License-Identifier: Apache-2.0

import Packet

/// `Datagram`, the views of headers, the walk along extension headers, fragments, and checksums.
struct PacketViews: Surface {
    private let memory: GuardedMemory

    init() throws { memory = try GuardedMemory(capacity: Mutator.longestInput) }

    func lengthFields(of input: [UInt8]) -> [LengthField] { PacketLengths.fields(of: input) }

    func repair(_ input: inout [UInt8]) { PacketLengths.repair(&input) }

    func feed(_ input: [UInt8]) throws -> Bool {
        let result = try unsafe memory.withBoth(input) { room in
            var result = Result(fields: ViewReading.all(unsafe room.bytes))
            result.fields ^= try PacketFragments.check(unsafe room.bytes)
            do throws(PacketError) {
                result.datagram = try Datagram(parsing: unsafe room.bytes)
            } catch {
                result.error = error
            }
            if let datagram = result.datagram {
                try Self.check(datagram, in: unsafe room.bytes)
                result.fields ^= ViewReading.all(of: datagram, in: unsafe room.bytes)
                try unsafe PacketChecksums.check(datagram, in: room)
            }
            return result
        }
        return result.error == nil
    }

    /// What must be the same wherever the bytes are.
    private struct Result: Equatable {
        var fields: Int
        var datagram: Datagram?
        var error: PacketError?
    }

    private static func check(_ datagram: Datagram, in bytes: RawSpan) throws {
        let captured = Int(datagram.capturedLength)
        try require(captured <= bytes.byteCount, "\(captured) bytes captured of \(bytes.byteCount)")
        try require(datagram.capturedLength <= datagram.totalLength, "more is captured than there is")
        try require(datagram.headerLength <= datagram.transportOffset, "transport begins inside the header")
        try require(Int(datagram.transportOffset) <= captured, "transport begins at \(datagram.transportOffset)")
        try require(datagram.isCut == (datagram.capturedLength < datagram.totalLength), "cut or not")
        let transport = datagram.transport(in: bytes)
        try require(transport.byteCount == datagram.capturedTransportLength, "\(transport.byteCount) transport bytes")
        if datagram.version == .v6 { try checkExtensionHeaders(datagram, in: bytes) }
    }

    /// The headers lie one behind the other, from the fixed header to the transport header.
    private static func checkExtensionHeaders(_ datagram: Datagram, in bytes: RawSpan) throws {
        let packet = try IPv6(bytes)
        var headers = packet.extensionHeaders
        var end = IPv6.headerLength
        var count = 0
        while let header = try headers.next() {
            try require(header.offset == end && header.length >= 8, "\(header) behind \(end)")
            end += header.length
            count += 1
        }
        try require(end == Int(datagram.transportOffset), "extension headers end at \(end)")
        try require(count <= ExtensionHeaders.maximumCount, "\(count) extension headers")
        try require(headers.protocol == datagram.protocol, "another protocol: \(headers.protocol)")
        try require(headers.kinds == datagram.extensionHeaders, "other headers: \(headers.kinds)")
    }
}
