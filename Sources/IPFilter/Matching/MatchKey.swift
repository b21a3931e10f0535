// SPDX-License-Identifier: Apache-2.0

import Packet

// How a packet and a rule are compared
//
// Everything that rules test is packed into a few words of a packet's key, and each rule holds the same words twice:
// the values that it wants and a mask of the bits that it looks at. A packet matches when no wanted bit differs, which
// takes one exclusive or, one and per word and a single branch per rule. What a mask can't say (port ranges, negated
// addresses) is looked at only when the words agree. The two families have tables of their own, so IPv4
// rules are three words wide.

/// Value and mask of one word.
struct Masked<Word: FixedWidthInteger & BitwiseCopyable & Sendable>: BitwiseCopyable, Sendable {
    private var value: Word = 0
    private var mask: Word = 0

    /// Looks at some bits in addition.
    mutating func require(_ value: Word, mask: Word) {
        self.value |= value & mask
        self.mask |= mask
    }

    @inline(__always)
    func difference(_ word: Word) -> Word { (word ^ value) & mask }
}

/// The word of a key that holds all small fields.
enum HeaderWord {
    /// Bits 0 to 7: protocol.
    static func proto(_ number: IPProtocol) -> UInt64 { UInt64(number.rawValue) }
    static var protoMask: UInt64 { 0xFF }

    /// Bits 8 to 15: type of service or traffic class.
    static func trafficClass(_ value: UInt8) -> UInt64 { UInt64(value) << 8 }
    static var trafficClassMask: UInt64 { 0xFF << 8 }

    /// Bits 16 to 23: time to live or hop limit.
    static func hopLimit(_ value: UInt8) -> UInt64 { UInt64(value) << 16 }
    static var hopLimitMask: UInt64 { 0xFF << 16 }

    /// Bit 24: the packet is TCP or UDP and its ports are there to be read.
    static var hasPorts: UInt64 { 1 << 24 }

    /// Bit 25: the next field is there: TCP flags, or ICMP type and code.
    static var hasField: UInt64 { 1 << 25 }

    /// Bit 26: the protocol is TCP or UDP.
    static var isTCPOrUDP: UInt64 { 1 << 26 }

    /// Bits 32 to 47: TCP flags in the lower byte, or ICMP type in the upper and code in the lower one.
    static func field(_ value: UInt16) -> UInt64 { UInt64(value) << 32 }
    static var typeMask: UInt64 { 0xFF00 << 32 }
    static var codeMask: UInt64 { 0x00FF << 32 }

    /// Bits 48 to 63: which of the interfaces named in rules it is.
    static func interface(_ slot: UInt16) -> UInt64 { UInt64(slot) << 48 }
    static var interfaceMask: UInt64 { 0xFFFF << 48 }
}

/// What rules may ask about one packet.
struct MatchKey<Addresses: AddressPair>: BitwiseCopyable {
    /// See ``HeaderWord``.
    let header: UInt64

    /// Source port in bits 16 to 31, destination port in bits 0 to 15; 0 without ports.
    let ports: UInt32

    /// Both addresses.
    let addresses: Addresses

    @inline(__always)
    init(_ datagram: Datagram, in bytes: RawSpan, interface slot: UInt16) {
        var header =
            HeaderWord.proto(datagram.protocol) | HeaderWord.trafficClass(datagram.trafficClass)
            | HeaderWord.hopLimit(datagram.hopLimit) | HeaderWord.interface(slot)
        var ports: UInt32 = 0
        switch datagram.protocol {
        case .tcp, .udp:
            header |= HeaderWord.isTCPOrUDP
            // A short packet has no ports, except a first TCP fragment that ends behind them.
            if !datagram.isShort || (datagram.isFirstFragment && datagram.protocol == .tcp),
                let both = datagram.ports(in: bytes)
            {
                header |= HeaderWord.hasPorts
                ports = UInt32(both.source) << 16 | UInt32(both.destination)
            }
            if let segment = datagram.tcp(in: bytes) {
                header |= HeaderWord.hasField | HeaderWord.field(UInt16(segment.flags.rawValue))
            }
        case .icmp, .icmpV6:
            if let message = datagram.icmp(in: bytes) {
                header |= HeaderWord.hasField
                header |= HeaderWord.field(UInt16(message.type) << 8 | UInt16(message.code))
            }
        default:
            break
        }
        self.header = header
        self.ports = ports
        addresses = Addresses(source: datagram.source, destination: datagram.destination)
    }
}

/// Source and destination address of one family in as few words as they take.
protocol AddressPair: BitwiseCopyable, Sendable {
    /// Packs two addresses, or two masks.
    init(source: IPAddress, destination: IPAddress)

    /// The bits in which two pairs differ, as far as the mask covers them; 0 for none.
    func difference(_ other: Self, mask: Self) -> UInt64

    /// The family.
    static var version: IPVersion { get }
}

/// Two IPv4 addresses in one word.
struct IPv4Pair: AddressPair, Equatable {
    private let word: UInt64

    @inline(__always)
    init(source: IPAddress, destination: IPAddress) {
        word = UInt64(source.v4) << 32 | UInt64(destination.v4)
    }

    @inline(__always)
    func difference(_ other: IPv4Pair, mask: IPv4Pair) -> UInt64 { (word ^ other.word) & mask.word }

    static var version: IPVersion { .v4 }
}

/// Two IPv6 addresses in four words.
struct IPv6Pair: AddressPair, Equatable {
    private let sourceHigh, sourceLow, destinationHigh, destinationLow: UInt64

    @inline(__always)
    init(source: IPAddress, destination: IPAddress) {
        (sourceHigh, sourceLow) = (source.high, source.low)
        (destinationHigh, destinationLow) = (destination.high, destination.low)
    }

    @inline(__always)
    func difference(_ other: IPv6Pair, mask: IPv6Pair) -> UInt64 {
        (sourceHigh ^ other.sourceHigh) & mask.sourceHigh | (sourceLow ^ other.sourceLow) & mask.sourceLow
            | (destinationHigh ^ other.destinationHigh) & mask.destinationHigh
            | (destinationLow ^ other.destinationLow) & mask.destinationLow
    }

    static var version: IPVersion { .v6 }
}
