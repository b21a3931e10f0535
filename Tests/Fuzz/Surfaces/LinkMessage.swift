// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// `clnx_route_decode`: datagrams of rtnetlink messages.
struct LinkMessage: Surface {
    private let memory: GuardedMemory
    private let messages = NetlinkMessages(fixedLength: 16)

    init() throws { memory = try GuardedMemory(capacity: Mutator.longestInput) }

    func lengthFields(of input: [UInt8]) -> [LengthField] { messages.lengthFields(of: input) }

    func repair(_ input: inout [UInt8]) { messages.repair(&input) }

    func feed(_ input: [UInt8]) throws -> Bool {
        let results = try unsafe memory.withBoth(input) { bytes in try unsafe Self.decode(bytes) }
        return !results.isEmpty && results.allSatisfy { $0.kind != UInt32(CLNX_ROUTE_MALFORMED) }
    }

    /// What must be the same wherever the bytes are.
    private struct Result: Equatable {
        var kind: UInt32
        var next: Int
        var error: Int32
        var isDeleted: Bool
        var numbers: [UInt64]
        var name: [UInt8]
    }

    private static func decode(_ bytes: UnsafeMutableRawBufferPointer) throws -> [Result] {
        guard let start = bytes.baseAddress else { throw Violation(description: "no memory") }
        var results: [Result] = []
        var offset = 0
        while offset < bytes.count {
            var message = clnx_route_message()
            let next = unsafe clnx_route_decode(start, bytes.count, offset, &message)
            try require(next > offset && next <= bytes.count, "from \(offset) to \(next) of \(bytes.count)")
            try require(message.kind <= UInt32(CLNX_ROUTE_MALFORMED), "unknown kind \(message.kind)")
            try require(message.error <= 0, "error \(message.error)")
            let link = message.link
            let name = unsafe withUnsafeBytes(of: link.name) { unsafe Array($0) }
            try require(name.contains(0), "a name without an end")
            try require(link.address_length <= 8, "a link-layer address longer than its field")
            let isLink = message.kind == UInt32(CLNX_ROUTE_LINK)
            try require(!isLink || link.index > 0, "a link without an index")
            let numbers = [
                UInt64(link.index), UInt64(link.flags), UInt64(link.mtu), link.address, UInt64(link.address_length),
                UInt64(link.type), UInt64(message.sequence),
            ]
            results.append(
                Result(
                    kind: message.kind, next: next, error: message.error, isDeleted: link.deleted, numbers: numbers,
                    name: name))
            offset = next
        }
        return results
    }
}
