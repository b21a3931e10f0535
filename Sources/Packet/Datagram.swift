// SPDX-License-Identifier: Apache-2.0

/// What the IP headers of a packet say, checked and read once: a small plain value for both versions.
///
/// It holds no reference to the bytes, so it can be copied and kept; reading the transport header takes the bytes
/// again. Numbers are in host order, lengths and offsets in bytes. Hostile packets are refused here and nowhere else.
@frozen
public struct Datagram: Hashable, Sendable, BitwiseCopyable {
    /// Sender.
    public let source: IPAddress

    /// Receiver, or the next stop if an IPv6 routing header isn't used up.
    public let destination: IPAddress

    /// Identification, offset and "more fragments".
    public let fragment: Fragment

    /// The whole packet as its header says, 20 to 65,575.
    public let totalLength: UInt32

    /// What of it is in the bytes; less than ``totalLength`` if the packet was cut.
    public let capturedLength: UInt32

    /// Where the transport header begins: behind IPv4 options, behind all IPv6 extension headers.
    public let transportOffset: UInt32

    /// What the payload is: in IPv6 the last header, after all extension headers.
    public let `protocol`: IPProtocol

    /// Time to live, or hop limit.
    public let hopLimit: UInt8

    /// Type of service, or traffic class.
    public let trafficClass: UInt8

    /// Length of the first header: IPv4 with its options, 20 to 60; IPv6 always 40.
    public let headerLength: UInt8

    /// IPv6 extension headers that are there.
    public let extensionHeaders: ExtensionHeaders.Kinds

    /// Whether IPv4 routers must not fragment it; false in IPv6, where they never do.
    public let isFragmentingForbidden: Bool

    /// Reads the headers of a packet.
    ///
    /// - Parameter bytes: the packet from its IP header on. It may be cut anywhere behind its headers, and there may be
    ///   padding behind it.
    /// - Throws: ``PacketError`` when the headers are not whole, contradict themselves, or are none.
    @inlinable
    public init(parsing bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount > 0 else { throw .truncated }
        switch bytes.byte(at: 0) >> 4 {
        case 4: try self.init(IPv4(bytes))
        case 6: try self.init(IPv6(bytes))
        default: throw .version
        }
    }

    /// Takes over what an IPv4 header says.
    @inlinable
    public init(_ packet: IPv4) {
        source = packet.source
        destination = packet.destination
        fragment = packet.fragment
        totalLength = UInt32(packet.totalLength)
        capturedLength = UInt32(packet.bytes.byteCount)
        transportOffset = UInt32(packet.headerLength)
        `protocol` = packet.protocol
        hopLimit = packet.hopLimit
        trafficClass = packet.trafficClass
        headerLength = UInt8(packet.headerLength)
        extensionHeaders = []
        isFragmentingForbidden = packet.isFragmentingForbidden
    }

    /// Walks the headers of an IPv6 packet.
    ///
    /// - Throws: ``PacketError/truncated``, ``PacketError/extensionHeaders``.
    public init(_ packet: IPv6) throws(PacketError) {
        var headers = packet.extensionHeaders
        while try headers.next() != nil {}
        source = packet.source
        destination = packet.destination
        fragment = headers.fragment
        totalLength = UInt32(packet.totalLength)
        capturedLength = UInt32(packet.bytes.byteCount)
        transportOffset = UInt32(headers.offset)
        `protocol` = headers.protocol
        hopLimit = packet.hopLimit
        trafficClass = packet.trafficClass
        headerLength = UInt8(IPv6.headerLength)
        extensionHeaders = headers.kinds
        isFragmentingForbidden = false
    }
}

// MARK: - Questions

extension Datagram {
    /// The version of the IP header.
    @inlinable
    public var version: IPVersion { source.version }

    /// Whether it is a piece of a larger packet, the first piece included.
    @inlinable
    public var isFragment: Bool { !fragment.isWhole }

    /// Whether it is the piece that begins with the transport header.
    @inlinable
    public var isFirstFragment: Bool { fragment.offset == 0 && fragment.moreFollow }

    /// Whether a transport header is to be expected: in whole packets and first fragments.
    @inlinable
    public var hasTransportHeader: Bool { fragment.offset == 0 }

    /// Whether the bytes end before the packet does.
    @inlinable
    public var isCut: Bool { capturedLength < totalLength }

    /// Whether the IPv4 header has options.
    @inlinable
    public var hasOptions: Bool { version == .v4 && headerLength > 20 }

    /// Length of transport header and data as the IP header says.
    @inlinable
    public var transportLength: Int { Int(totalLength) - Int(transportOffset) }

    /// What of it is in the bytes.
    @inlinable
    public var capturedTransportLength: Int { Int(capturedLength) - Int(transportOffset) }

    /// Whether the packet is too short for its transport header (TCP 20 bytes, UDP and ICMP 8), or is a later fragment
    /// that begins inside that header.
    @inlinable
    public var isShort: Bool {
        let header: Int
        switch (`protocol`, version) {
        case (.tcp, _): header = TCP.minimumHeaderLength
        case (.udp, _): header = UDP.headerLength
        case (.icmp, .v4), (.icmpV6, .v6): header = ICMP.headerLength
        default: return false
        }
        return fragment.offset == 0 ? transportLength < header : fragment.offset < header
    }
}

// MARK: - Transport

extension Datagram {
    /// The bytes from the transport header on, without padding; for a later fragment, its piece of the payload.
    ///
    /// - Parameter bytes: the packet from which this value was made; with other, shorter bytes the result is empty.
    @inlinable
    @_lifetime(copy bytes)
    public func transport(in bytes: RawSpan) -> RawSpan {
        guard bytes.byteCount >= Int(capturedLength) else { return RawSpan() }
        return bytes.prefix(Int(capturedLength)).suffix(from: Int(transportOffset))
    }

    /// Source and destination port of TCP or UDP; nil in other protocols, in later fragments, and where the bytes end
    /// before the ports do. The rest of the transport header may be missing.
    @inlinable
    public func ports(in bytes: RawSpan) -> (source: UInt16, destination: UInt16)? {
        guard `protocol` == .tcp || `protocol` == .udp, hasTransportHeader else { return nil }
        let transport = transport(in: bytes)
        guard transport.byteCount >= 4 else { return nil }
        return (transport.bigEndian16(at: 0), transport.bigEndian16(at: 2))
    }

    /// The TCP segment; nil if this is none, a later fragment, or too short.
    @inlinable
    @_lifetime(copy bytes)
    public func tcp(in bytes: RawSpan) -> TCP? {
        guard `protocol` == .tcp, hasTransportHeader else { return nil }
        return try? TCP(transport(in: bytes))
    }

    /// The UDP datagram; nil if this is none, a later fragment, or too short.
    @inlinable
    @_lifetime(copy bytes)
    public func udp(in bytes: RawSpan) -> UDP? {
        guard `protocol` == .udp, hasTransportHeader else { return nil }
        return try? UDP(transport(in: bytes))
    }

    /// The ICMP message in IPv4, or the ICMPv6 message in IPv6; nil if this is none, a later fragment, or too short.
    @inlinable
    @_lifetime(copy bytes)
    public func icmp(in bytes: RawSpan) -> ICMP? {
        guard `protocol` == (version == .v4 ? .icmp : .icmpV6), hasTransportHeader else { return nil }
        return try? ICMP(transport(in: bytes))
    }
}
