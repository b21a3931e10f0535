// SPDX-License-Identifier: Apache-2.0

import Packet

/// Reads everything that views offer. What is read is boiled down to one number, to be compared.
enum ViewReading {
    /// All views over the same bytes, whatever those are.
    static func all(_ bytes: RawSpan) -> Int {
        var hasher = Hasher()
        if let packet = try? IPv4(bytes) {
            hasher.combine([packet.headerLength, packet.totalLength, Int(packet.headerChecksum)])
            hasher.combine([packet.trafficClass, packet.hopLimit, packet.protocol.rawValue])
            hasher.combine([packet.source, packet.destination])
            hasher.combine(packet.fragment)
            hasher.combine(packet.isFragmentingForbidden)
            hasher.combine(edges: packet.options)
            hasher.combine(edges: packet.payload)
        }
        if let packet = try? IPv6(bytes) {
            hasher.combine([packet.trafficClass, packet.hopLimit, packet.nextHeader.rawValue])
            hasher.combine([packet.totalLength, Int(packet.flowLabel)])
            hasher.combine([packet.source, packet.destination])
        }
        if let segment = try? TCP(bytes) { hasher.combine(segment) }
        if let datagram = try? UDP(bytes) { hasher.combine(datagram) }
        if let message = try? ICMP(bytes) { hasher.combine(message) }
        for offset in [Int.min, -1, 0, 7, bytes.byteCount - 4, bytes.byteCount - 1, bytes.byteCount, .max] {
            hasher.combine(bytes.loadBigEndian(UInt8.self, at: offset))
            hasher.combine(bytes.loadBigEndian(UInt32.self, at: offset))
            hasher.combine(bytes.loadBigEndian(UInt64.self, at: offset))
        }
        return hasher.finalize()
    }

    /// What a datagram says about the bytes behind its headers.
    static func all(of datagram: Datagram, in bytes: RawSpan) -> Int {
        var hasher = Hasher()
        hasher.combine([datagram.isShort, datagram.isFragment, datagram.isFirstFragment, datagram.hasOptions])
        hasher.combine(datagram.transportLength)
        hasher.combine(edges: datagram.transport(in: bytes))
        if let ports = datagram.ports(in: bytes) { hasher.combine([ports.source, ports.destination]) }
        if let segment = datagram.tcp(in: bytes) { hasher.combine(segment) }
        if let message = datagram.udp(in: bytes) { hasher.combine(message) }
        if let message = datagram.icmp(in: bytes) { hasher.combine(message) }
        hasher.combine(datagram.transportChecksum(in: bytes))
        return hasher.finalize()
    }
}

extension Hasher {
    /// Length, first and last byte.
    fileprivate mutating func combine(edges bytes: RawSpan) {
        combine(bytes.byteCount)
        combine(bytes.loadBigEndian(UInt8.self, at: 0))
        combine(bytes.loadBigEndian(UInt8.self, at: bytes.byteCount - 1))
    }

    fileprivate mutating func combine(_ segment: borrowing TCP) {
        combine([segment.sourcePort, segment.destinationPort, segment.window, segment.checksum, segment.urgentPointer])
        combine([segment.sequenceNumber, segment.acknowledgmentNumber])
        combine(segment.headerLength)
        combine(segment.flags)
        combine(edges: segment.options)
        combine(edges: segment.payload)
    }

    fileprivate mutating func combine(_ datagram: borrowing UDP) {
        combine([datagram.sourcePort, datagram.destinationPort, datagram.checksum])
        combine(datagram.length)
        combine(edges: datagram.payload)
    }

    fileprivate mutating func combine(_ message: borrowing ICMP) {
        combine([message.type, message.code])
        combine([message.checksum, message.identifier, message.sequenceNumber])
        combine(message.rest)
        combine(edges: message.payload)
    }
}
