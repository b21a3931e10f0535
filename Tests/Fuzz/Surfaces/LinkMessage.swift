// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// `clnx_route_decode`: datagrams of rtnetlink messages about links, addresses, routes and
/// neighbours.
struct LinkMessage: Surface {
    private let memory: GuardedMemory
    /// `ifinfomsg`, `ifaddrmsg`, `rtmsg`, `ndmsg`.
    private let messages = NetlinkMessages { type in
        switch type {
        case 20, 21: 8
        case 24, 25: 12
        case 28, 29: 12
        default: 16
        }
    }

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
        var numbers: [UInt64]
        var texts: [[UInt8]]
    }

    private static func decode(_ bytes: UnsafeMutableRawBufferPointer) throws -> [Result] {
        guard let start = bytes.baseAddress else { throw Violation(description: "no memory") }
        var results: [Result] = []
        var offset = 0
        while offset < bytes.count {
            var message = clnx_route_message()
            let next = unsafe clnx_route_decode(start, bytes.count, offset, &message)
            try require(next > offset && next <= bytes.count, "from \(offset) to \(next) of \(bytes.count)")
            try require(message.kind <= UInt32(CLNX_ROUTE_NEIGHBOUR), "unknown kind \(message.kind)")
            try require((-4095...0).contains(message.error), "error \(message.error)")
            let texts = [text(message.link.name), text(message.link.kind), text(message.address.label)]
            for text in texts { try require(text.contains(0), "a text without an end") }
            try check(message)
            results.append(Result(kind: message.kind, next: next, numbers: numbers(of: message), texts: texts))
            offset = next
        }
        return results
    }

    private static func check(_ message: clnx_route_message) throws {
        let (link, address, route) = (message.link, message.address, message.route)
        try require(link.address_length <= 8, "a link-layer address longer than its field")
        try require(route.hop_count <= UInt32(CLNX_MAX_HOPS), "more next hops than there is room for")
        switch message.kind {
        case UInt32(CLNX_ROUTE_LINK):
            try require(link.index > 0, "a link without an index")
        case UInt32(CLNX_ROUTE_ADDRESS):
            try require(address.interface > 0 && address.local.family != 0, "an address of nothing")
            try require(address.prefix <= (address.local.family == 2 ? 32 : 128), "prefix \(address.prefix)")
        case UInt32(CLNX_ROUTE_NEIGHBOUR):
            let neighbour = message.neighbour
            try require(neighbour.interface > 0 && neighbour.destination.family != 0, "a neighbour of nothing")
            try require(neighbour.address_length <= 8, "a link-layer address longer than its field")
        case UInt32(CLNX_ROUTE_ROUTE):
            try require(route.prefix <= (route.family == 2 ? 32 : 128), "prefix \(route.prefix)")
        default: break
        }
    }

    private static func numbers(of message: clnx_route_message) -> [UInt64] {
        let (link, address, route) = (message.link, message.address, message.route)
        var numbers = [
            UInt64(message.sequence), UInt64(bitPattern: Int64(message.error)), message.deleted ? 1 : 0,
            UInt64(link.index), UInt64(link.flags), UInt64(link.mtu), UInt64(link.master), link.address,
            UInt64(link.address_length), UInt64(link.type), UInt64(address.interface), UInt64(address.flags),
            UInt64(address.prefix), UInt64(address.scope), UInt64(route.table), UInt64(route.metric),
            UInt64(route.prefix), UInt64(route.type),
        ]
        let neighbour = message.neighbour
        numbers += [
            UInt64(neighbour.interface), neighbour.address, UInt64(neighbour.address_length), UInt64(neighbour.state),
        ]
        for ip in [address.local, address.peer, address.broadcast, route.destination, neighbour.destination] {
            numbers += [UInt64(ip.family), ip.high, ip.low]
        }
        let hops = unsafe withUnsafeBytes(of: route.hops) { bytes in
            unsafe Array(bytes.bindMemory(to: clnx_next_hop.self).prefix(Int(route.hop_count)))
        }
        for hop in hops {
            numbers += [UInt64(hop.interface), UInt64(hop.flags), hop.gateway.high, hop.gateway.low]
        }
        return numbers
    }

    private static func text(_ field: some BitwiseCopyable) -> [UInt8] {
        unsafe withUnsafeBytes(of: field) { unsafe Array($0) }
    }
}
