// SPDX-License-Identifier: Apache-2.0

import Kstat
import Synchronization

extension InjectionList {
    /// What is on the list now and what has become of packets so far.
    public struct Status: Sendable, Equatable {
        /// Packets on the list: held, delayed, or about to go.
        public var packets: Int
        /// Their bytes.
        public var bytes: Int
        /// Nanoseconds since the oldest of them was put there; nil when there is none.
        public var oldestAge: UInt64?
        /// All counters under the names that they have in the kstat.
        public var counters: [(name: String, value: UInt64)]

        /// One counter.
        public subscript(name: String) -> UInt64 { counters.first { $0.name == name }?.value ?? 0 }

        /// Whether all figures are the same.
        public static func == (one: Status, other: Status) -> Bool {
            one.packets == other.packets && one.bytes == other.bytes && one.oldestAge == other.oldestAge
                && one.counters.elementsEqual(other.counters) { $0 == $1 }
        }
    }

    /// The figures of now. Looks at every packet on the list, so it isn't for hooks.
    public var status: Status {
        let (packets, bytes) = load.current
        return Status(
            packets: packets, bytes: bytes, oldestAge: oldestAge,
            counters: zip(InjectionCounters.names, counters.values).map { ($0, $1) })
    }

    private var oldestAge: UInt64? {
        var oldest: UInt64?
        for index in 0..<UInt32(memory.touched) {
            let word = unsafe memory.chunks.slot(index).pointee.state.load(ordering: .acquiring)
            switch InjectionSlot.state(in: word) {
            case .held, .waiting:
                let since = unsafe memory.chunks.slot(index).pointee.since.load(ordering: .relaxed)
                oldest = min(oldest ?? since, since)
            case .free, .moving: break
            }
        }
        let now = UInt64(KstatTime.now.nanoseconds)
        return oldest.map { now > $0 ? now - $0 : 0 }
    }
}
