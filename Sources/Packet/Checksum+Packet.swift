// SPDX-License-Identifier: Apache-2.0

extension MutableRawSpan {
    /// Computes the checksums of a packet in full: the IPv4 header's, and that of TCP, UDP, ICMP or ICMPv6.
    ///
    /// The transport checksum stays as it is in fragments and in a cut packet, where its bytes are not all there; in a
    /// packet too short for its transport header; in IPv4 UDP with checksum 0, which means none (RFC 768); for other
    /// protocols; and behind a routing header of a type whose final destination isn't known here. A mobile node's home
    /// address option (RFC 6275, section 11.3.2) is not taken into account.
    ///
    /// - Parameter datagram: parsed from these bytes as they are now; nothing happens if they are fewer.
    @_lifetime(self: copy self)
    public mutating func updateChecksums(of datagram: Datagram) {
        guard byteCount >= Int(datagram.capturedLength) else { return }
        if datagram.version == .v4 { updateHeaderChecksum(length: Int(datagram.headerLength)) }
        guard !datagram.isFragment, !datagram.isCut, let place = datagram.transportChecksumPlace else { return }
        let offset = Int(datagram.transportOffset) + place
        let old = bytes.bigEndian16(at: offset)
        if datagram.protocol == .udp, datagram.version == .v4, old == 0 { return }
        storeBigEndian(UInt16(0), at: offset)
        guard var value = datagram.transportChecksum(in: bytes) else {
            storeBigEndian(old, at: offset)
            return
        }
        if value == 0, datagram.protocol == .udp { value = 0xFFFF }
        storeBigEndian(value, at: offset)
    }

    /// The IPv4 header checksum (RFC 791, section 3.1).
    @_lifetime(self: copy self)
    mutating func updateHeaderChecksum(length: Int) {
        storeBigEndian(UInt16(0), at: 10)
        storeBigEndian(InternetChecksum.of(bytes.prefix(length)), at: 10)
    }
}

extension Datagram {
    /// Where the checksum stands in the transport header; nil without such a field or header.
    fileprivate var transportChecksumPlace: Int? {
        guard !isShort else { return nil }
        switch (`protocol`, version) {
        case (.tcp, _): return 16
        case (.udp, _): return 6
        case (.icmp, .v4), (.icmpV6, .v6): return 2
        default: return nil
        }
    }

    /// The checksum over transport header and data as they are.
    ///
    /// 0 if the bytes hold a right one already; nil in a fragment, in a cut or short packet, for protocols other than
    /// TCP, UDP, ICMP and ICMPv6, and behind a routing header of unknown type.
    public func transportChecksum(in bytes: RawSpan) -> UInt16? {
        guard !isFragment, !isCut, transportChecksumPlace != nil else { return nil }
        var covered = transport(in: bytes)
        guard !covered.isEmpty else { return nil }
        if `protocol` == .udp {
            let length = Int(covered.bigEndian16(at: 4))
            if length >= UDP.headerLength, length < covered.byteCount { covered = covered.prefix(length) }
        }
        var checksum = InternetChecksum()
        if `protocol` != .icmp {
            guard let destination = finalDestination(in: bytes) else { return nil }
            checksum.addPseudoHeader(
                source: source, destination: destination, protocol: `protocol`, length: covered.byteCount)
        }
        checksum.add(covered)
        return checksum.value
    }

    /// The receiver behind a routing header that isn't used up, which is what the pseudo header takes (RFC 8200,
    /// section 8.1): the last address of type 0 (RFC 5095), the only one of type 2 (RFC 6275, section 6.4), the first
    /// segment of type 4 (RFC 8754, section 2).
    private func finalDestination(in bytes: RawSpan) -> IPAddress? {
        guard extensionHeaders.contains(.routing), let packet = try? IPv6(bytes) else { return destination }
        var result: IPAddress? = destination
        var headers = packet.extensionHeaders
        while let header = try? headers.next() {
            guard header.protocol == .routing, packet.bytes.byte(at: header.offset + 3) > 0 else { continue }
            guard header.length >= 24 else { return nil }
            switch packet.bytes.byte(at: header.offset + 2) {
            case 0: result = packet.bytes.addressV6(at: header.offset + header.length - 16)
            case 2, 4: result = packet.bytes.addressV6(at: header.offset + 8)
            default: return nil
            }
        }
        return result
    }
}
