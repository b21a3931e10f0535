// SPDX-License-Identifier: Apache-2.0

public import Packet

/// What a hook gets to see of one packet (`hook_pkt_event_t`, R89 to R91).
///
/// A hook borrows it for the length of its call: the value can be neither copied nor kept, and the spans it lends end
/// with the access. The bytes start at the IP or ARP header; there is no link-layer header. Several pump threads run the same
/// hook for different packets at the same time (R85).
///
/// Byte order: the packet's bytes are as on the wire, every other number is in host order.
@safe
public struct PacketEvent: ~Copyable {
    /// The instance to which the packet belongs.
    public let netid: NetID

    /// The protocol at which it arrived (`hpe_protocol`).
    public let family: NetworkFamily

    /// The event that is being run.
    public let event: NetworkEvent

    /// Link-layer destination: `HPE_MULTICAST`, `HPE_BROADCAST` (`hpe_flags`). Empty on every event but `PHYSICAL_IN`.
    public let flags: PacketFlags

    /// The pump thread that runs this hook, 0 up to the number of pumps. State kept per lane needs no lock.
    public let lane: Int

    /// What the kernel told beside the bytes.
    public let metadata: PacketMetadata

    /// What hooks on `OBSERVING` are told besides (`hook_pkt_observe_t`); nil on every other event.
    public let observation: PacketObservation?

    /// The netfilter mark. A changed mark goes back to the kernel with the verdict; one that only shows packets
    /// (``isReadOnly``) keeps its value.
    public var mark: UInt32 {
        didSet {
            if isReadOnly { mark = oldValue } else { isMarkChanged = true }
        }
    }

    /// Whether a hook assigned ``mark``.
    public private(set) var isMarkChanged = false

    /// Whether a hook changed bytes or length, so that the packet goes back to the kernel whole.
    public private(set) var isEdited = false

    /// Whether a hook kept the packet for itself (`*hpe_mp == NULL`, R97). Later hooks are still called, with no bytes.
    public private(set) var isConsumed = false

    private var wantsChecksums = false
    private var isFinal = false
    /// The list of the instance, which the provider keeps alive; nil where packets can't be injected.
    let injection: Unmanaged<InjectionList>?
    var parsed: Parsed = .notYet
    let base: UnsafeMutableRawPointer
    private(set) var count: Int
    private let capacity: Int

    enum Parsed {
        case notYet
        case failed
        case done(Datagram)
    }

    /// Wraps a packet in memory that the provider owns.
    ///
    /// - Parameters:
    ///   - base: first byte of the IP or ARP header; valid and not touched by others as long as the event lives.
    ///   - count: bytes there are, at most 65,535.
    ///   - capacity: bytes that the packet may grow to, at least `count`.
    ///   - observation: what the hooks on `OBSERVING` are told besides.
    ///   - injection: the instance's list, for hooks that inject; lives as long as the event.
    @unsafe
    public init(
        netid: NetID, family: NetworkFamily, event: NetworkEvent, flags: PacketFlags, lane: Int,
        metadata: PacketMetadata, mark: UInt32, base: UnsafeMutableRawPointer, count: Int, capacity: Int,
        observation: PacketObservation? = nil, injection: Unmanaged<InjectionList>? = nil
    ) {
        self.netid = netid
        self.family = family
        self.event = event
        self.flags = flags
        self.lane = lane
        self.metadata = metadata
        self.mark = mark
        self.observation = observation
        unsafe self.injection = injection
        unsafe self.base = base
        self.count = count
        self.capacity = min(capacity, Self.maximumLength)
    }

    /// The longest packet that an IP header can describe, in bytes.
    public static let maximumLength = 65_535
}

// MARK: - Reading

extension PacketEvent {
    /// Index of the interface on which the packet arrived, 0 for none (`hpe_ifp`, R90).
    public var inInterface: UInt32 { metadata.inInterface }

    /// Index of the interface through which it leaves, 0 for none (`hpe_ofp`, R90).
    public var outInterface: UInt32 { metadata.outInterface }

    /// The packet's bytes from the IP header on; empty once it is consumed, shorter than the packet if ``isCut``.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(
                RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: isConsumed ? 0 : count), borrowing: self)
        }
    }

    /// The same when it is consumed, for whoever tells what became of it: the bytes as its last hook left them.
    package var remainingBytes: RawSpan {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(
                RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count), borrowing: self)
        }
    }

    /// Whether the kernel copied only the first part of the packet (`copy-range`); such a packet can't be edited.
    public var isCut: Bool { metadata.length > count && !isEdited }

    /// The packet's headers, checked once and remembered until an edit; nil when they can't be read.
    public var datagram: Datagram? {
        mutating get {
            let datagram = currentDatagram
            parsed = datagram.map(Parsed.done) ?? .failed
            return datagram
        }
    }

    /// The same without remembering.
    var currentDatagram: Datagram? {
        switch parsed {
        case .done(let datagram): datagram
        case .failed: nil
        case .notYet: try? Datagram(parsing: bytes)
        }
    }
}

// MARK: - Changing

extension PacketEvent {
    /// Why an edit was refused; the packet is as it was.
    public enum EditError: Error, Equatable, Sendable {
        /// The event only shows packets.
        case readOnly
        /// An earlier hook consumed the packet.
        case consumed
        /// The kernel handed over only a part of the packet, which can't stand for the whole.
        case cut
        /// The result would be longer than the room there is or than an IP packet can be.
        case tooLong
    }

    /// Which checksums a changed packet leaves with.
    public enum Checksums: Sendable {
        /// Header, TCP, UDP, ICMP and ICMPv6 checksums are computed anew, once, after the last hook.
        case updated
        /// The hook takes care of them itself (R102).
        case asWritten
        /// The packet leaves with the bytes that the edit leaves, right or wrong: what was still to be computed is computed
        /// before it, as a network card would have done.
        case final
    }

    /// Lends the packet's bytes for changing in place (R96).
    ///
    /// - Throws: ``EditError`` when the packet is consumed, cut or only shown.
    public mutating func edit(
        checksums: Checksums = .updated, _ change: (inout MutableRawSpan) -> Void
    ) throws(EditError) {
        try requireWhole()
        if case .final = checksums { completeChecksums() }
        var span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
        change(&span)
        noteEdit(checksums)
    }

    /// Makes the packet longer or shorter; bytes that are added are zero.
    ///
    /// The length fields of the headers are the caller's to adjust.
    /// - Throws: ``EditError``; ``EditError/tooLong`` beyond 65,535 bytes.
    public mutating func resize(to newCount: Int, checksums: Checksums = .updated) throws(EditError) {
        try requireWhole()
        guard newCount >= 0, newCount <= capacity else { throw .tooLong }
        if case .final = checksums { completeChecksums() }
        if newCount > count {
            unsafe (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: newCount - count)
        }
        count = newCount
        noteEdit(checksums)
    }

    /// Puts another packet in this one's place (a new message in `*hpe_mp`, R96).
    ///
    /// - Throws: ``EditError``; ``EditError/tooLong`` beyond 65,535 bytes.
    public mutating func replace(with packet: RawSpan, checksums: Checksums = .asWritten) throws(EditError) {
        if isReadOnly { throw .readOnly }
        guard !isConsumed else { throw .consumed }
        guard packet.byteCount <= capacity else { throw .tooLong }
        unsafe packet.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe base.copyMemory(from: start, byteCount: source.count) }
        }
        count = packet.byteCount
        noteEdit(checksums)
    }

    /// Takes the packet out of the kernel's hands: no verdict lets it go on, later hooks see no bytes (R97).
    public mutating func consume() {
        if isReadOnly { return }
        isConsumed = true
        parsed = .failed
    }

    private func requireWhole() throws(EditError) {
        if isReadOnly { throw .readOnly }
        if isConsumed { throw .consumed }
        if isCut { throw .cut }
    }

    private mutating func noteEdit(_ checksums: Checksums) {
        isEdited = true
        parsed = .notYet
        switch checksums {
        case .updated: (wantsChecksums, isFinal) = (true, false)
        case .asWritten: break
        case .final: (wantsChecksums, isFinal) = (false, true)
        }
    }
}

// MARK: - For the provider

extension PacketEvent {
    /// Whether the kernel may have it back: what hooks made of it is still a packet of the protocol at which it came.
    ///
    /// The kernel has parsed the headers already and doesn't look again.
    public var isSendable: Bool {
        mutating get {
            guard isEdited else { return true }
            guard let version = datagram?.version else { return false }
            return version == (family == .inet ? .v4 : .v6)
        }
    }

    /// Fills in the checksums with which a copy is to leave; the packet itself stays as unchanged as it was.
    mutating func completeChecksums() {
        guard !isConsumed, wantsChecksums || (metadata.isChecksumPostponed && !isFinal), let datagram else { return }
        var span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
        span.updateChecksums(of: datagram)
    }

    /// Computes the checksums that hooks asked for, or that the sending host left to its network card.
    ///
    /// The kernel takes a packet that comes back with a verdict as finished, so a checksum that it had postponed must
    /// be filled in as well (`nfqnl_mangle` in `net/netfilter/nfnetlink_queue.c`). Called once, after the last hook.
    public mutating func finishChecksums() {
        if isEdited { completeChecksums() }
    }
}
