// SPDX-License-Identifier: Apache-2.0

import LiveHost
import Neti
import Packet

extension PacketEvent {
    /// What ``flip(_:)`` makes of a byte.
    static func flipped(_ byte: UInt8) -> UInt8 { byte ^ 0x5A }

    /// Changes every byte of a range; twice gives back what was.
    mutating func flip(_ range: Range<Int>) throws(EditError) {
        try edit { bytes in
            for offset in range {
                let byte = bytes.bytes.loadByte(at: offset)
                bytes.storeBytes(of: Self.flipped(byte), toByteOffset: offset, as: UInt8.self)
            }
        }
    }

    /// Gives a UDP datagram another length, filling what is new.
    mutating func resizeDatagram(_ payload: Range<Int>, to size: Int, filling fill: UInt8) throws(EditError) {
        let old = payload.count
        let isInet = family == .inet
        try resize(to: payload.lowerBound + size)
        try edit { bytes in
            for offset in payload.lowerBound + min(old, size)..<payload.lowerBound + size {
                bytes.storeBytes(of: fill, toByteOffset: offset, as: UInt8.self)
            }
            let datagram = UInt16(UDP.headerLength + size)
            bytes.storeBytes(
                of: datagram.bigEndian, toByteOffset: payload.lowerBound - UDP.headerLength + 4, as: UInt16.self)
            let whole = isInet ? UInt16(payload.lowerBound + size) : datagram
            bytes.storeBytes(of: whole.bigEndian, toByteOffset: isInet ? 2 : 4, as: UInt16.self)
        }
    }

    /// Puts another port in a TCP header, at offset 0 the source, at 2 the destination.
    mutating func rewriteTCPPort(at place: Int, from old: UInt16, to new: UInt16) throws(EditError) {
        guard let offset = offsetOfTCPPort(place, equalTo: old) else { return }
        try edit { $0.storeBytes(of: new.bigEndian, toByteOffset: offset, as: UInt16.self) }
    }

    private mutating func offsetOfTCPPort(_ place: Int, equalTo port: UInt16) -> Int? {
        guard let datagram, let tcp = datagram.tcp(in: bytes),
            (place == 0 ? tcp.sourcePort : tcp.destinationPort) == port
        else { return nil }
        return Int(datagram.transportOffset) + place
    }

    /// Whether this is a UDP datagram to that port.
    mutating func isUDP(to port: UInt16) -> Bool {
        guard let datagram, let udp = datagram.udp(in: bytes) else { return false }
        return udp.destinationPort == port
    }

    /// The payload of a UDP datagram to that port, copied; nil for any other packet.
    mutating func payload(ofUDPTo port: UInt16) -> [UInt8]? {
        guard let datagram, let udp = datagram.udp(in: bytes), udp.destinationPort == port else { return nil }
        return udp.payload.copied
    }
}

extension RawSpan {
    /// One byte; traps beyond the end.
    func loadByte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// All bytes in an array.
    var copied: [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}
