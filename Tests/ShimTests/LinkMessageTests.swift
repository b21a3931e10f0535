// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Testing

/// `clnx_route_decode`: rtnetlink messages into flat structures, whatever the bytes.
@Suite struct LinkMessageTests {
    /// Decodes every message of a datagram and checks that the walk goes forward and ends.
    func decode(_ bytes: [UInt8]) throws -> [clnx_route_message] {
        let memory = try GuardedBytes(bytes)
        var messages: [clnx_route_message] = []
        var offset = 0
        while offset < memory.count {
            var message = clnx_route_message()
            let next = unsafe clnx_route_decode(memory.start, memory.count, offset, &message)
            try #require(next > offset && next <= memory.count)
            try #require(message.kind <= UInt32(CLNX_ROUTE_NEIGHBOUR))
            try #require(message.error <= 0)
            try #require(message.link.address_length <= 8)
            try #require(message.link.name.15 == 0 && message.link.kind.15 == 0 && message.address.label.15 == 0)
            try #require(message.route.hop_count <= UInt32(CLNX_MAX_HOPS))
            offset = next
            messages.append(message)
        }
        return messages
    }

    func name(_ field: some BitwiseCopyable) -> String {
        unsafe withUnsafeBytes(of: field) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    static func link(type: UInt16 = 16, flags: UInt16 = 0, family: UInt8 = 0, index: Int32 = 7) -> [UInt8] {
        let information =
            [family, 0] + NetlinkBytes.host(UInt16(1)) + NetlinkBytes.host(index)
            + NetlinkBytes.host(UInt32(0x1043)) + NetlinkBytes.host(UInt32(0))
        let attributes =
            NetlinkBytes.attribute(3, Array("veth0".utf8) + [0])
            + NetlinkBytes.attribute(4, NetlinkBytes.host(UInt32(1500)))
            + NetlinkBytes.attribute(1, [2, 0, 0, 0, 0, 9])
        return NetlinkBytes.message(type: type, flags: flags, sequence: 5, information + attributes)
    }

    @Test func aLink() throws {
        let message = try #require(try decode(Self.link()).first)
        let link = message.link
        #expect(message.kind == UInt32(CLNX_ROUTE_LINK) && message.sequence == 5 && !message.interrupted)
        #expect((link.index, link.flags, link.mtu, link.type) == (7, 0x1043, 1500, 1))
        #expect((link.address, link.address_length) == (0x0200_0000_0009_0000, 6))
        #expect(name(link.name) == "veth0" && !message.deleted)
        #expect(link.master == 0 && name(link.kind) == "" && !message.dumped)
    }

    @Test func aLinkThatGoes() throws {
        #expect(try decode(Self.link(type: 17)).first?.deleted == true)
    }

    @Test func aPortOfABridge() throws {
        let information = [0, 0, 0, 0] + NetlinkBytes.host(Int32(3)) + [UInt8](repeating: 0, count: 8)
        let kind = NetlinkBytes.attribute(2, [9]) + NetlinkBytes.attribute(1, Array("veth".utf8) + [0])
        // Nested attributes come with or without the flag that says so.
        for flag: UInt16 in [0, 0x8000] {
            let attributes =
                NetlinkBytes.attribute(10, NetlinkBytes.host(UInt32(8))) + NetlinkBytes.attribute(18 | flag, kind)
            let message = try #require(try decode(NetlinkBytes.message(type: 16, information + attributes)).first)
            #expect(message.link.master == 8 && name(message.link.kind) == "veth")
        }
    }

    @Test func aDumpThatWasDisturbed() throws {
        #expect(try decode(Self.link(flags: 0x10)).first?.interrupted == true)
        #expect(try decode(Self.link(flags: 0x2)).first?.dumped == true)
    }

    /// A bridge announces a port that leaves it as a deleted link of its own family: the interface is still there.
    @Test func aBridgePortIsNotALink() throws {
        #expect(try decode(Self.link(type: 17, family: 7)).first?.kind == UInt32(CLNX_ROUTE_OTHER))
        #expect(try decode(Self.link(index: -1)).first?.kind == UInt32(CLNX_ROUTE_OTHER))
    }

    @Test func aDatagramOfSeveral() throws {
        let done = NetlinkBytes.message(type: 3, sequence: 5, NetlinkBytes.host(Int32(-4)))
        let refusal = NetlinkBytes.error(-16, sequence: 9)
        let messages = try decode(Self.link(index: 1) + Self.link(index: 2) + refusal + done)
        let kinds = messages.map { Int($0.kind) }
        #expect(kinds == [CLNX_ROUTE_LINK, CLNX_ROUTE_LINK, CLNX_ROUTE_ERROR, CLNX_ROUTE_DONE])
        #expect(messages.map(\.error) == [0, 0, -EBUSY, -EINTR])
        #expect(messages.map(\.link.index) == [1, 2, 0, 0])
    }

    @Test(arguments: [0, 1, 15, 16, 40])
    func aNameFitsItsField(length: Int) throws {
        let information = [0, 0, 0, 0] + NetlinkBytes.host(Int32(1)) + [UInt8](repeating: 0, count: 8)
        let attribute = NetlinkBytes.attribute(3, [UInt8](repeating: 0x61, count: length))
        let message = try #require(try decode(NetlinkBytes.message(type: 16, information + attribute)).first)
        #expect(name(message.link.name) == String(repeating: "a", count: min(length, 15)))
    }

    @Test(arguments: 0..<link().count)
    func aCutMessageIsMalformed(length: Int) throws {
        let messages = try decode(Array(Self.link().prefix(length)))
        #expect(messages.allSatisfy { $0.kind == UInt32(CLNX_ROUTE_MALFORMED) })
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func hostileBytesAreSurvived(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let datagram = Self.link(index: 1) + NetlinkBytes.error(-16, sequence: 9) + Self.link(index: 2)
        for _ in 0..<2_000 {
            _ = try decode(datagram.mutated(using: &generator))
            _ = try decode((0..<48).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        }
    }
}
