// SPDX-License-Identifier: Apache-2.0

/// The fragments into which a packet is split by the host that sends it (RFC 791, section 3.2; RFC 8200, section 4.5).
///
/// Making it checks whether the packet can be split, and works out where; nothing is copied before ``write(_:into:)``.
/// A packet that is short enough is its own only fragment.
public struct Fragments: ~Escapable {
    /// How many there are.
    public let count: Int

    private let packet: RawSpan
    private let version: IPVersion
    /// Length of what stands in front of the first fragment's data; in IPv6 without the fragment header.
    private let headerLength: Int
    /// Length of the same in later fragments, which do without some of the options of IPv4.
    private let laterHeaderLength: Int
    /// Bytes of data in each fragment but the last one: a multiple of 8.
    private let step: Int
    private let identification: UInt32

    /// Length of an IPv6 fragment header in bytes.
    private static let fragmentHeaderLength = 8

    /// What a first fragment of IPv6 has room for behind its extension headers: the longest transport header there is,
    /// that of TCP (RFC 7112, section 5).
    private static let longestTransportHeader = 60

    /// Works out how a packet is split.
    ///
    /// A fragment of IPv4 is split like any packet, and its pieces keep their places in the original one.
    /// - Parameters:
    ///   - packet: all of its bytes.
    ///   - mtu: the longest that a fragment may be, in bytes.
    ///   - identification: what the fragments are to have in common, at random. IPv4 takes the packet's own if that isn't 0,
    ///     and never 0.
    /// - Throws: ``PacketError/tooLong`` if it can't be split: fragmenting is forbidden, the headers leave no room, IPv4
    ///   options are damaged, or it has an IPv6 fragment header already. ``PacketError/truncated`` if bytes are missing,
    ///   and whatever ``IPv4/init(_:)``, ``IPv6/init(_:)`` and ``ExtensionHeaders/next()`` throw.
    @_lifetime(copy packet)
    public init(of packet: RawSpan, mtu: Int, identification: UInt32) throws(PacketError) {
        guard let first = packet.loadBigEndian(UInt8.self, at: 0) else { throw .truncated }
        switch first >> 4 {
        case 4: try self.init(v4: IPv4(packet), mtu: mtu, identification: identification)
        case 6: try self.init(v6: IPv6(packet), mtu: mtu, identification: identification)
        default: throw .version
        }
    }

    @_lifetime(copy packet)
    private init(v4 packet: borrowing IPv4, mtu: Int, identification: UInt32) throws(PacketError) {
        guard packet.bytes.byteCount == packet.totalLength else { throw .truncated }
        self.packet = packet.bytes
        version = .v4
        headerLength = packet.headerLength
        let own = packet.fragment.identification
        self.identification = own != 0 ? own : max(identification & 0xFFFF, 1)
        guard packet.totalLength > mtu else {
            (count, step, laterHeaderLength) = (1, packet.payload.byteCount, headerLength)
            return
        }
        guard !packet.isFragmentingForbidden else { throw .tooLong }
        step = try Self.step(mtu: mtu, header: headerLength)
        laterHeaderLength = try IPv4.minimumHeaderLength + Self.copiedOptionsLength(packet.options)
        count = (packet.payload.byteCount + step - 1) / step
        guard Int(packet.fragment.offset) + (count - 1) * step <= 0x1FFF * 8 else { throw .tooLong }
    }

    @_lifetime(copy packet)
    private init(v6 packet: borrowing IPv6, mtu: Int, identification: UInt32) throws(PacketError) {
        guard packet.bytes.byteCount == packet.totalLength else { throw .truncated }
        self.packet = packet.bytes
        version = .v6
        self.identification = identification
        guard packet.totalLength > mtu else {
            (headerLength, laterHeaderLength, count) = (IPv6.headerLength, IPv6.headerLength, 1)
            step = packet.totalLength - headerLength
            return
        }
        // In front of the fragment header stands what routers read on the way.
        var length = IPv6.headerLength
        var headers = packet.extensionHeaders
        while let header = try headers.next() {
            guard header.protocol != .fragment else { throw .tooLong }
            if header.protocol == .hopByHop || header.protocol == .routing { length = header.offset + header.length }
        }
        (headerLength, laterHeaderLength) = (length, length)
        step = try Self.step(mtu: mtu, header: length + Self.fragmentHeaderLength)
        let chain = min(headers.offset + Self.longestTransportHeader, packet.totalLength)
        guard chain <= length + step else { throw .tooLong }
        count = (packet.totalLength - length + step - 1) / step
    }

    private static func step(mtu: Int, header: Int) throws(PacketError) -> Int {
        let step = (mtu - header) / 8 * 8
        guard step >= 8 else { throw .tooLong }
        return step
    }

    // MARK: One of them

    /// The length of one fragment, in bytes, headers included.
    ///
    /// - Parameter index: from 0 to ``count`` - 1.
    public func length(of index: Int) -> Int {
        precondition(index >= 0 && index < count)
        guard count > 1 else { return packet.byteCount }
        return headersLength(of: index) + data(of: index).count
    }

    /// Writes one fragment to the front of some bytes.
    ///
    /// - Parameter index: from 0 to ``count`` - 1.
    /// - Throws: ``PacketError/tooLong`` if there are fewer bytes than ``length(of:)``; nothing is written then.
    @_lifetime(bytes: copy bytes)
    public func write(_ index: Int, into bytes: inout MutableRawSpan) throws(PacketError) {
        guard length(of: index) <= bytes.byteCount else { throw .tooLong }
        guard count > 1 else { return bytes.copy(packet, to: 0) }
        switch version {
        case .v4: writeHeaderV4(of: index, into: &bytes)
        case .v6: writeHeadersV6(of: index, into: &bytes)
        }
        bytes.copy(packet.extracting(data(of: index)), to: headersLength(of: index))
    }

    private func headersLength(of index: Int) -> Int {
        (index == 0 ? headerLength : laterHeaderLength) + (version == .v6 ? Self.fragmentHeaderLength : 0)
    }

    /// Which bytes of the packet it carries.
    private func data(of index: Int) -> Range<Int> {
        let start = headerLength + index * step
        return start..<min(start + step, packet.byteCount)
    }
}

// MARK: - IPv4

extension Fragments {
    @_lifetime(bytes: copy bytes)
    private func writeHeaderV4(of index: Int, into bytes: inout MutableRawSpan) {
        bytes.copy(packet.prefix(IPv4.minimumHeaderLength), to: 0)
        if index == 0 {
            bytes.copy(packet.extracting(IPv4.minimumHeaderLength..<headerLength), to: IPv4.minimumHeaderLength)
        } else {
            writeCopiedOptions(into: &bytes)
        }
        let length = headersLength(of: index)
        bytes.store(0x40 | UInt8(length / 4), at: 0)
        bytes.storeBigEndian(UInt16(self.length(of: index)), at: 2)
        bytes.storeBigEndian(UInt16(truncatingIfNeeded: identification), at: 4)
        // The last one is followed by others if the packet was a fragment that others follow.
        let word = packet.bigEndian16(at: 6)
        let moreFollow: UInt16 = index < count - 1 ? 0x2000 : word & 0x2000
        bytes.storeBigEndian(word & 0x8000 | moreFollow | (word & 0x1FFF) &+ UInt16(index * step / 8), at: 6)
        bytes.updateHeaderChecksum(length: length)
    }

    /// Writes the options that every fragment has, filled up with zeros to a multiple of four.
    @_lifetime(bytes: copy bytes)
    private func writeCopiedOptions(into bytes: inout MutableRawSpan) {
        var place = IPv4.minimumHeaderLength
        var options = OptionsV4(packet.extracting(IPv4.minimumHeaderLength..<headerLength))
        while let option = try? options.next() {
            guard option.isCopied else { continue }
            let start = IPv4.minimumHeaderLength + option.offset
            bytes.copy(packet.extracting(start..<(start + option.length)), to: place)
            place += option.length
        }
        while place < laterHeaderLength {
            bytes.store(UInt8(0), at: place)
            place += 1
        }
    }

    /// Bytes of the options that every fragment has, a multiple of four.
    private static func copiedOptionsLength(_ bytes: RawSpan) throws(PacketError) -> Int {
        var length = 0
        var options = OptionsV4(bytes)
        while let option = try options.next() {
            if option.isCopied { length += option.length }
        }
        return (length + 3) / 4 * 4
    }

    /// A walk along the options of an IPv4 header (RFC 791, section 3.1).
    private struct OptionsV4: ~Escapable {
        private let bytes: RawSpan
        private var offset = 0

        @_lifetime(copy bytes)
        init(_ bytes: RawSpan) {
            self.bytes = bytes
        }

        /// The next one; nil at the end of the list.
        @_lifetime(self: copy self)
        mutating func next() throws(PacketError) -> (offset: Int, length: Int, isCopied: Bool)? {
            guard offset < bytes.byteCount, bytes.byte(at: offset) != 0 else { return nil }
            let type = bytes.byte(at: offset)
            var length = 1
            if type != 1 {
                guard offset + 2 <= bytes.byteCount else { throw .tooLong }
                length = Int(bytes.byte(at: offset + 1))
                guard length >= 2, offset + length <= bytes.byteCount else { throw .tooLong }
            }
            defer { offset += length }
            return (offset, length, type & 0x80 != 0)
        }
    }
}

// MARK: - IPv6

extension Fragments {
    @_lifetime(bytes: copy bytes)
    private func writeHeadersV6(of index: Int, into bytes: inout MutableRawSpan) {
        bytes.copy(packet.prefix(headerLength), to: 0)
        bytes.storeBigEndian(UInt16(length(of: index) - IPv6.headerLength), at: 4)
        let link = nextHeaderPlace
        let data = packet.byte(at: link)
        bytes.store(IPProtocol.fragment.rawValue, at: link)
        bytes.store(data, at: headerLength)
        bytes.store(UInt8(0), at: headerLength + 1)
        let moreFollow: UInt16 = index < count - 1 ? 1 : 0
        bytes.storeBigEndian(UInt16(index * step) | moreFollow, at: headerLength + 2)
        bytes.storeBigEndian(identification, at: headerLength + 4)
    }

    /// Where it says what follows the headers that every fragment has.
    private var nextHeaderPlace: Int {
        var place = 6
        guard let packet = try? IPv6(packet) else { return place }
        var headers = packet.extensionHeaders
        while let header = try? headers.next(), header.offset < headerLength { place = header.offset }
        return place
    }
}
