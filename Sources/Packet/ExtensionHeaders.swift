// SPDX-License-Identifier: Apache-2.0

/// One IPv6 extension header: what it is and where (RFC 8200, section 4).
@frozen
public struct ExtensionHeader: Hashable, Sendable, BitwiseCopyable {
    /// Which header it is.
    public let `protocol`: IPProtocol

    /// Place of its first byte, counted from the start of the packet.
    public let offset: Int

    /// Its length in bytes, at least 8.
    public let length: Int

    @inlinable
    init(protocol: IPProtocol, offset: Int, length: Int) {
        self.protocol = `protocol`
        self.offset = offset
        self.length = length
    }
}

/// A walk along the extension headers of an IPv6 packet.
///
/// It stops before the first header that isn't one of hop-by-hop options, routing, fragment, destination options and
/// authentication, as Linux does (`ipv6_ext_hdr`): there the payload begins, ESP and mobility included. It also stops
/// after the fragment header of a fragment that isn't the first, whose bytes are not a header.
@frozen
public struct ExtensionHeaders: ~Escapable {
    /// Most headers that are looked at; a chain of 65,535 bytes could otherwise hold 8,000.
    @inlinable
    public static var maximumCount: Int { 16 }

    /// Header that comes next: once ``next()`` has returned nil, what the payload is.
    public private(set) var `protocol`: IPProtocol

    /// Where it begins, counted from the start of the packet.
    public private(set) var offset: Int

    /// The fragment header's word, or a whole packet if there is none.
    public private(set) var fragment = Fragment(identification: 0, offset: 0, moreFollow: false)

    /// Headers met so far.
    public private(set) var kinds: Kinds = []

    private let bytes: RawSpan
    private var count = 0

    @usableFromInline
    @_lifetime(copy packet)
    init(_ packet: IPv6) {
        bytes = packet.bytes
        offset = IPv6.headerLength
        `protocol` = packet.nextHeader
    }

    /// Steps over the next extension header; nil at the payload.
    ///
    /// - Throws: ``PacketError/truncated`` when a header is not whole, ``PacketError/extensionHeaders``.
    @_lifetime(self: copy self)
    public mutating func next() throws(PacketError) -> ExtensionHeader? {
        guard fragment.offset == 0, let kind = Kinds(`protocol`) else { return nil }
        guard kind.mayFollow(kinds), count < Self.maximumCount else { throw .extensionHeaders }
        guard offset + 8 <= bytes.byteCount else { throw .truncated }
        let lengthField = Int(bytes.byte(at: offset + 1))
        let length =
            switch kind {
            case .fragment: 8
            case .authentication: (lengthField + 2) * 4
            default: (lengthField + 1) * 8
            }
        guard offset + length <= bytes.byteCount else { throw .truncated }
        if kind == .fragment {
            let word = bytes.bigEndian16(at: offset + 2)
            fragment = Fragment(
                identification: bytes.bigEndian32(at: offset + 4), offset: word & 0xFFF8, moreFollow: word & 1 != 0)
        }
        let header = ExtensionHeader(protocol: `protocol`, offset: offset, length: length)
        `protocol` = IPProtocol(rawValue: bytes.byte(at: offset))
        offset += length
        kinds.formUnion(kind)
        count += 1
        return header
    }
}

extension ExtensionHeaders {
    /// A set of extension headers.
    @frozen
    public struct Kinds: OptionSet, Hashable, Sendable, BitwiseCopyable {
        /// One bit for each header below.
        public let rawValue: UInt8

        /// Wraps the bits.
        @inlinable
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Hop-by-hop options.
        @inlinable
        public static var hopByHop: Kinds { Kinds(rawValue: 1 << 0) }

        /// Routing header.
        @inlinable
        public static var routing: Kinds { Kinds(rawValue: 1 << 1) }

        /// Fragment header.
        @inlinable
        public static var fragment: Kinds { Kinds(rawValue: 1 << 2) }

        /// Destination options.
        @inlinable
        public static var destinationOptions: Kinds { Kinds(rawValue: 1 << 3) }

        /// Authentication header.
        @inlinable
        public static var authentication: Kinds { Kinds(rawValue: 1 << 4) }

        init?(_ number: IPProtocol) {
            switch number {
            case .hopByHop: self = .hopByHop
            case .routing: self = .routing
            case .fragment: self = .fragment
            case .destinationOptions: self = .destinationOptions
            case .ah: self = .authentication
            default: return nil
            }
        }

        /// Hop-by-hop options come first or not at all; a packet is a fragment of one other only.
        func mayFollow(_ earlier: Kinds) -> Bool {
            switch self {
            case .hopByHop: earlier.isEmpty
            case .fragment: !earlier.contains(.fragment)
            default: true
            }
        }
    }
}
