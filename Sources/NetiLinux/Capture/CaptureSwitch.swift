// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Hooks
import Neti
import Synchronization

/// The captures under way, as pumps see them: none, nearly always, which costs them one look at a flag.
final class CaptureSwitch: Sendable {
    /// Whether there is a capture. Looked at for each packet.
    private let flag = Atomic(false)
    private let captures: Published<Captures>
    private let list = Mutex<[PacketCapture]>([])

    /// How many captures there can be at a time: each one's memory is considerable, and its packets are copied.
    static let limit = 4

    init(publication: Publication) {
        captures = Published(Captures([]), publication: publication)
    }

    @inline(__always)
    var isOn: Bool { flag.load(ordering: .relaxed) }

    /// Offers a packet to all captures. On a pump thread, inside its reader.
    @inline(never)
    func offer(_ packet: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict, registration: UInt64) {
        captures.read { $0.offer(packet, verdict, registration: registration) }
    }

    /// Begins a capture; false when there are too many.
    func add(_ capture: PacketCapture) -> Bool {
        list.withLock { list in
            guard list.count < Self.limit else { return false }
            list.append(capture)
            publish(list)
            return true
        }
    }

    /// Gives back the memory of captures that have ended and no pump is inside any more.
    func reclaim() { captures.reclaim() }

    /// Ends a capture, if it is one. A pump may still be writing into it, which keeps it until ``reclaim()`` or the next
    /// capture.
    func remove(_ capture: PacketCapture) {
        list.withLock { list in
            list.removeAll { $0 === capture }
            publish(list)
        }
    }

    private func publish(_ list: [PacketCapture]) {
        captures.replace(by: Captures(list))
        flag.store(!list.isEmpty, ordering: .relaxed)
    }

    private struct Captures: ~Copyable, Sendable {
        private let entries: UniqueArray<Entry>

        init(_ captures: [PacketCapture]) {
            var entries = UniqueArray<Entry>(minimumCapacity: captures.count)
            for capture in captures { entries.append(Entry(capture: capture)) }
            self.entries = entries
        }

        func offer(_ packet: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict, registration: UInt64) {
            var index = 0
            while index < entries.count {
                entries[index].offer(packet, verdict, registration: registration)
                index &+= 1
            }
        }
    }

    /// Noncopyable, and called on a borrowed `self`: in this shape a call retains nothing.
    private struct Entry: ~Copyable, Sendable {
        let capture: PacketCapture

        borrowing func offer(
            _ packet: borrowing PacketEvent, _ verdict: CapturedPacket.Verdict, registration: UInt64
        ) {
            capture.offer(packet, verdict, registration: registration)
        }
    }
}
