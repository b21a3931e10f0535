// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Glibc
import Hooks
import Neti
import Synchronization

/// One capture: which packets it takes, and those that wait to be read.
///
/// Made by ``LinuxProvider/startCapture(_:)``. Each pump writes into a ring of its own; nobody waits for the reader, and
/// what finds no room is counted in ``lost``.
public final class PacketCapture: Sendable {
    /// What it takes.
    public let filter: CaptureFilter

    private let rings: UniqueArray<CaptureRing>
    /// Which ring is read next, so that none is left behind. Held while reading.
    private let reading = Mutex(0)

    /// Memory of all rings together, in bytes, and of the smallest ring, which holds the longest packet many times.
    private static let memory = 16 << 20
    private static let leastMemory = 1 << 20

    init(_ filter: CaptureFilter, lanes: Int) {
        self.filter = filter
        let share = max(Self.memory / max(lanes, 1), Self.leastMemory)
        let capacity = 1 << (Int.bitWidth - 1 - share.leadingZeroBitCount)
        var rings = UniqueArray<CaptureRing>(minimumCapacity: lanes)
        for _ in 0..<lanes { rings.append(CaptureRing(capacity: capacity)) }
        self.rings = rings
    }

    /// Packets that found no room since the beginning, all pumps together.
    public var lost: Int {
        var sum = 0
        for index in rings.indices { sum += rings[index].lost }
        return sum
    }

    /// Takes some of the packets that wait, those of one pump in their order.
    ///
    /// - Parameters:
    ///   - count: how many packets at most.
    ///   - bytes: how many bytes of packets; the last packet may go beyond.
    public func take(atMost count: Int, bytes: Int) -> [CapturedPacket] {
        reading.withLock { next in
            var packets: [CapturedPacket] = []
            var (room, empty) = (bytes, 0)
            while packets.count < count, room > 0, empty < rings.count {
                guard let packet = rings[next].read() else {
                    empty += 1
                    next = (next + 1) % rings.count
                    continue
                }
                empty = 0
                room -= packet.bytes.count
                packets.append(packet)
            }
            return packets
        }
    }

    /// Copies a packet if it is one of those that are wanted. On the pump thread of its lane.
    func offer(
        _ packet: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict, registration: UInt64
    ) {
        guard filter.takes(packet, verdict) else { return }
        let bytes = packet.remainingBytes
        let length = packet.isEdited ? bytes.byteCount : packet.metadata.length
        let header = CaptureRing.Header(
            size: 0, captured: 0, length: UInt32(truncatingIfNeeded: length), netid: packet.netid,
            inInterface: packet.inInterface, outInterface: packet.outInterface, mark: packet.mark,
            family: packet.family, event: packet.event, verdict: verdict, injections: packet.metadata.injections,
            isEdited: packet.isEdited, time: packet.metadata.arrival != 0 ? packet.metadata.arrival : Self.now,
            registration: registration)
        write(header, bytes.extracting(first: filter.snaplen), lane: packet.lane)
    }

    /// Writes into the ring of a lane, on its thread.
    @inline(__always)
    func write(_ header: CaptureRing.Header, _ bytes: RawSpan, lane: Int) {
        rings[lane].write(header, bytes)
    }

    private static var now: UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
