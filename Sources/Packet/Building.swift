// SPDX-License-Identifier: Apache-2.0

/// An IP header to be written, of the version that its addresses have.
public struct IPHeader: Hashable, Sendable {
    /// Sender.
    public var source: IPAddress

    /// Receiver.
    public var destination: IPAddress

    /// Time to live, or hop limit.
    public var hopLimit: UInt8 = 64

    /// Type of service, or traffic class.
    public var trafficClass: UInt8 = 0

    /// Identification, offset and "more fragments". IPv6 gets a fragment header unless all of it is zero.
    public var fragment = Fragment(identification: 0, offset: 0, moreFollow: false)

    /// Whether IPv4 routers must not fragment it.
    public var isFragmentingForbidden = false

    /// IPv4 option bytes, at most 40; filled up with zeros to a multiple of four.
    public var options: [UInt8] = []

    /// IPv6 extension headers in order, before the fragment header.
    public var extensionHeaders: [ExtensionHeaderContent] = []

    /// A header with default values.
    public init(from source: IPAddress, to destination: IPAddress) {
        self.source = source
        self.destination = destination
    }
}

/// An IPv6 extension header to be written.
public struct ExtensionHeaderContent: Hashable, Sendable {
    /// Which header it is.
    public var `protocol`: IPProtocol

    /// The bytes behind "next header" and length; filled up with zeros to the length that the header can have.
    public var bytes: [UInt8]

    /// Describes a header.
    public init(_ protocol: IPProtocol, bytes: [UInt8] = []) {
        self.protocol = `protocol`
        self.bytes = bytes
    }

    var length: Int { max(8, (bytes.count + 2 + 7) / 8 * 8) }

    var lengthField: Int { `protocol` == .ah ? length / 4 - 2 : length / 8 - 1 }
}

/// A transport header to be written; checksums are computed.
public enum TransportHeader: Hashable, Sendable {
    /// A TCP header; option bytes, at most 40, are filled up with zeros to a multiple of four.
    case tcp(
        from: UInt16, to: UInt16, sequence: UInt32 = 0, acknowledgment: UInt32 = 0, flags: TCPFlags,
        window: UInt16 = 65_535, options: [UInt8] = [])
    /// A UDP header; without a checksum only in IPv4.
    case udp(from: UInt16, to: UInt16, hasChecksum: Bool = true)
    /// An ICMP header for IPv4, ICMPv6 for IPv6.
    case icmp(type: UInt8, code: UInt8 = 0, rest: UInt32 = 0)
    /// No header: the payload follows as it is, under this protocol number. The way to write later fragments.
    case none(IPProtocol)
}

// MARK: - Writing

extension IPHeader {
    /// A packet of these headers and a payload.
    ///
    /// - Throws: ``PacketError/tooLong``, ``PacketError/family``.
    public func packet(_ transport: TransportHeader, payload: [UInt8] = []) throws(PacketError) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: try length(transport, payload: payload.count))
        var elements = packet.mutableSpan
        var bytes = unsafe elements.mutableBytes
        write(transport, payload: unsafe payload.span.bytes, into: &bytes)
        return packet
    }

    /// Appends a packet of these headers and a payload.
    ///
    /// - Throws: ``PacketError/tooLong`` if it doesn't fit, ``PacketError/family``; nothing is appended then.
    @_lifetime(output: copy output)
    public func write(
        _ transport: TransportHeader, payload: RawSpan, into output: inout OutputRawSpan
    ) throws(PacketError) {
        let start = output.byteCount
        let count = try length(transport, payload: payload.byteCount)
        guard count <= output.freeCapacity else { throw .tooLong }
        unsafe output.append(repeating: 0, count: count, as: UInt8.self)
        var all = output.mutableBytes
        var packet = all._mutatingExtracting(start..<(start + count))
        write(transport, payload: payload, into: &packet)
    }

    private func length(_ transport: TransportHeader, payload: Int) throws(PacketError) -> Int {
        guard source.version == destination.version else { throw .family }
        guard options.count <= 40, transport.options.count <= 40 else { throw .tooLong }
        guard extensionHeaders.allSatisfy({ $0.lengthField <= 255 }) else { throw .tooLong }
        let total = headersLength + transport.length + payload
        guard total <= 65_535 else { throw .tooLong }
        return total
    }

    private var headersLength: Int {
        switch source.version {
        case .v4: IPv4.minimumHeaderLength + (options.count + 3) / 4 * 4
        case .v6: IPv6.headerLength + chain.reduce(0) { $0 + $1.length }
        }
    }

    private var chain: [ExtensionHeaderContent] {
        guard fragment.identification != 0 || !fragment.isWhole else { return extensionHeaders }
        let word = fragment.offset & 0xFFF8 | (fragment.moreFollow ? 1 : 0)
        let identification = fragment.identification
        let bytes =
            [UInt8(word >> 8), UInt8(word & 0xFF)]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: identification >> $0) }
        return extensionHeaders + [ExtensionHeaderContent(.fragment, bytes: bytes)]
    }

    /// Into zeroed bytes of exactly the packet's length.
    @_lifetime(bytes: copy bytes)
    private func write(_ transport: TransportHeader, payload: RawSpan, into bytes: inout MutableRawSpan) {
        let number = transport.protocolNumber(source.version)
        switch source.version {
        case .v4: writeV4(number, into: &bytes)
        case .v6: writeV6(number, into: &bytes)
        }
        let offset = headersLength
        transport.write(into: &bytes, at: offset)
        bytes.copy(payload, to: offset + transport.length)
        if case .udp(_, _, hasChecksum: false) = transport, source.version == .v4 {
            bytes.storeBigEndian(UInt16(0), at: offset + 6)
        }
        if case .none = transport {
            if source.version == .v4 { bytes.updateHeaderChecksum(length: offset) }
        } else if let datagram = try? Datagram(parsing: bytes.bytes) {
            bytes.updateChecksums(of: datagram)
        }
    }

    @_lifetime(bytes: copy bytes)
    private func writeV4(_ number: IPProtocol, into bytes: inout MutableRawSpan) {
        bytes.store(0x40 | UInt8(headersLength / 4), at: 0)
        bytes.store(trafficClass, at: 1)
        bytes.storeBigEndian(UInt16(bytes.byteCount), at: 2)
        bytes.storeBigEndian(UInt16(truncatingIfNeeded: fragment.identification), at: 4)
        let bits: UInt16 = (isFragmentingForbidden ? 0x4000 : 0) | (fragment.moreFollow ? 0x2000 : 0)
        bytes.storeBigEndian(bits | fragment.offset / 8, at: 6)
        bytes.store(hopLimit, at: 8)
        bytes.store(number.rawValue, at: 9)
        bytes.store(source, at: 12)
        bytes.store(destination, at: 16)
        bytes.copy(unsafe options.span.bytes, to: 20)
    }

    @_lifetime(bytes: copy bytes)
    private func writeV6(_ number: IPProtocol, into bytes: inout MutableRawSpan) {
        let chain = self.chain
        bytes.storeBigEndian(6 << 28 | UInt32(trafficClass) << 20, at: 0)
        bytes.storeBigEndian(UInt16(bytes.byteCount - IPv6.headerLength), at: 4)
        bytes.store((chain.first?.protocol ?? number).rawValue, at: 6)
        bytes.store(hopLimit, at: 7)
        bytes.store(source, at: 8)
        bytes.store(destination, at: 24)
        var offset = IPv6.headerLength
        for (index, header) in chain.enumerated() {
            let next = index + 1 < chain.count ? chain[index + 1].protocol : number
            bytes.store(next.rawValue, at: offset)
            bytes.store(header.protocol == .fragment ? 0 : UInt8(header.lengthField), at: offset + 1)
            bytes.copy(unsafe header.bytes.span.bytes, to: offset + 2)
            offset += header.length
        }
    }
}

extension TransportHeader {
    fileprivate var options: [UInt8] {
        if case .tcp(_, _, _, _, _, _, let options) = self { options } else { [] }
    }

    fileprivate var length: Int {
        switch self {
        case .tcp: TCP.minimumHeaderLength + (options.count + 3) / 4 * 4
        case .udp: UDP.headerLength
        case .icmp: ICMP.headerLength
        case .none: 0
        }
    }

    fileprivate func protocolNumber(_ version: IPVersion) -> IPProtocol {
        switch self {
        case .tcp: .tcp
        case .udp: .udp
        case .icmp: version == .v4 ? .icmp : .icmpV6
        case .none(let number): number
        }
    }

    @_lifetime(bytes: copy bytes)
    fileprivate func write(into bytes: inout MutableRawSpan, at offset: Int) {
        switch self {
        case .tcp(let from, let to, let sequence, let acknowledgment, let flags, let window, let options):
            bytes.storeBigEndian(from, at: offset)
            bytes.storeBigEndian(to, at: offset + 2)
            bytes.storeBigEndian(sequence, at: offset + 4)
            bytes.storeBigEndian(acknowledgment, at: offset + 8)
            bytes.store(UInt8(length / 4) << 4, at: offset + 12)
            bytes.store(flags.rawValue, at: offset + 13)
            bytes.storeBigEndian(window, at: offset + 14)
            bytes.copy(unsafe options.span.bytes, to: offset + 20)
        case .udp(let from, let to, _):
            bytes.storeBigEndian(from, at: offset)
            bytes.storeBigEndian(to, at: offset + 2)
            bytes.storeBigEndian(UInt16(bytes.byteCount - offset), at: offset + 4)
            // Anything but 0, which would mean that no checksum is wanted.
            bytes.storeBigEndian(UInt16(0xFFFF), at: offset + 6)
        case .icmp(let type, let code, let rest):
            bytes.store(type, at: offset)
            bytes.store(code, at: offset + 1)
            bytes.storeBigEndian(rest, at: offset + 4)
        case .none:
            break
        }
    }
}
