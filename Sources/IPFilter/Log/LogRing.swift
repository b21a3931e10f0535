// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Packet
import Synchronization

/// Log records on their way from one pump thread to the control side.
///
/// A ring of a fixed number of entries with one writer and one reader. The writer never waits: when the ring is full the
/// record is lost, and the caller counts it. Entries are atomic words, so that no memory is shared unprotected; the
/// writer publishes an entry by moving `end`, the reader gives it back by moving `begin`.
struct LogRing: ~Copyable, Sendable {
    private let words: UniqueArray<Atomic<UInt64>>
    /// `begin` and `end`, counted without wrapping, in cache lines of their own.
    private let positions: UniqueArray<Atomic<Int>>
    private let mask: Int

    private static var begin: Int { 16 }
    private static var end: Int { 32 }

    /// A ring of at least so many entries.
    init(capacity: Int) {
        let entries = 1 << (Int.bitWidth - max(capacity - 1, 1).leadingZeroBitCount)
        mask = entries - 1
        var words = UniqueArray<Atomic<UInt64>>(minimumCapacity: entries * LogEntry.size)
        for _ in 0..<(entries * LogEntry.size) { words.append(Atomic(0)) }
        self.words = words
        var positions = UniqueArray<Atomic<Int>>(minimumCapacity: 48)
        for _ in 0..<48 { positions.append(Atomic(0)) }
        self.positions = positions
    }

    /// Writes a record; false if there is no room. On the writer's thread only.
    func write<Addresses>(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<Addresses>, rule: UInt32,
        flags: LogEntry.Flags, includesBody: Bool
    ) -> Bool {
        let end = positions[Self.end].load(ordering: .relaxed)
        guard end &- positions[Self.begin].load(ordering: .acquiring) <= mask else { return false }
        let place = (end & mask) * LogEntry.size
        var flags = flags
        if datagram.version == .v6 { flags.insert(.isV6) }
        if packet.direction == .out { flags.insert(.isOut) }
        if datagram.isShort { flags.insert(.isShort) }
        let body = includesBody ? writeBody(of: datagram, in: packet.bytes, at: place + LogEntry.fixedSize) : 0
        store(packet.time == 0 ? WallClock.now : packet.time, at: place)
        store(UInt64(rule) << 32 | UInt64(packet.interface), at: place + 1)
        let lengths = UInt64(datagram.totalLength) << 32 | UInt64(datagram.headerLength) << 16 | UInt64(body) << 8
        store(lengths | UInt64(datagram.protocol.rawValue) << 24 | UInt64(flags.rawValue), at: place + 2)
        store(key.header, at: place + 3)
        store(UInt64(datagram.fragment.identification) << 32 | UInt64(key.ports), at: place + 4)
        store(UInt64(datagram.fragment.offset) << 1 | (datagram.fragment.moreFollow ? 1 : 0), at: place + 5)
        store(datagram.source.high, at: place + 6)
        store(datagram.source.low, at: place + 7)
        store(datagram.destination.high, at: place + 8)
        store(datagram.destination.low, at: place + 9)
        positions[Self.end].store(end &+ 1, ordering: .releasing)
        return true
    }

    private func writeBody(of datagram: Datagram, in bytes: RawSpan, at place: Int) -> Int {
        var start = Int(datagram.transportOffset)
        switch datagram.protocol {
        case .tcp: start += datagram.tcp(in: bytes)?.headerLength ?? 0
        case .udp where datagram.hasTransportHeader: start += UDP.headerLength
        case .icmp where datagram.hasTransportHeader, .icmpV6 where datagram.hasTransportHeader:
            start += ICMP.headerLength
        default: break
        }
        let count = max(0, min(Int(datagram.capturedLength) - start, LogEntry.bodyLimit))
        for index in 0..<((count + 7) / 8) {
            var word = bytes.loadBigEndian(UInt64.self, at: start + index * 8)
            if word == nil {
                // The last bytes of the packet are fewer than a word.
                word = (0..<8).reduce(0) {
                    $0 << 8 | UInt64(bytes.loadBigEndian(UInt8.self, at: start + index * 8 + $1) ?? 0)
                }
            }
            store(word ?? 0, at: place + index)
        }
        return count
    }

    private func store(_ word: UInt64, at place: Int) {
        words[place].store(word, ordering: .relaxed)
    }

    /// Takes the oldest record; nil if there is none. On one thread at a time.
    func read() -> LogRecord? {
        let begin = positions[Self.begin].load(ordering: .relaxed)
        guard positions[Self.end].load(ordering: .acquiring) != begin else { return nil }
        let place = (begin & mask) * LogEntry.size
        let record = LogEntry.record((0..<LogEntry.size).map { words[place + $0].load(ordering: .relaxed) })
        positions[Self.begin].store(begin &+ 1, ordering: .releasing)
        return record
    }
}
