// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Synchronization

/// What happened to the packets of one ``InjectionList``. Any thread counts, any thread reads.
struct InjectionCounters: ~Copyable, Sendable {
    /// What is counted beside the reasons of ``InjectionError``. The raw values are the names in the kstat.
    enum Event: String, CaseIterable {
        case queuedIn = "queue_in"
        case queuedOut = "queue_out"
        case directOut = "direct_out"
        case deliveredIn = "delivered_in"
        case deliveredOut = "delivered_out"
        /// Direct packets whose next hop had to be found first.
        case unresolved
        /// Held packets that were let go for good.
        case dropped
        /// Packets that waited when their instance ended.
        case lostWithInstance = "lost_with_instance"
        case timersSet = "timers_set"
        case wakeups = "timer_wakeups"

        static func accepted(_ style: InjectionStyle) -> Event {
            switch style {
            case .queueIn: .queuedIn
            case .queueOut: .queuedOut
            case .directOut: .directOut
            }
        }
    }

    private let cells: UniqueArray<Atomic<UInt64>>

    static let names = Event.allCases.map(\.rawValue) + InjectionError.Reason.allCases.map(\.rawValue)

    init() {
        var cells = UniqueArray<Atomic<UInt64>>(minimumCapacity: Self.names.count)
        for _ in Self.names { cells.append(Atomic(0)) }
        self.cells = cells
    }

    @inline(__always)
    func count(_ event: Event, _ amount: Int = 1) {
        cells[event.column].wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    @inline(__always)
    func count(_ reason: InjectionError.Reason) {
        cells[reason.column].wrappingAdd(1, ordering: .relaxed)
    }

    func value(_ event: Event) -> UInt64 { cells[event.column].load(ordering: .relaxed) }

    func value(_ reason: InjectionError.Reason) -> UInt64 { cells[reason.column].load(ordering: .relaxed) }

    /// All of them, in the order of ``names``.
    var values: [UInt64] {
        var values: [UInt64] = []
        for index in cells.indices { values.append(cells[index].load(ordering: .relaxed)) }
        return values
    }
}

extension InjectionCounters.Event {
    /// Its place in the order of the cases, without a search.
    @inline(__always)
    fileprivate var column: Int {
        switch self {
        case .queuedIn: 0
        case .queuedOut: 1
        case .directOut: 2
        case .deliveredIn: 3
        case .deliveredOut: 4
        case .unresolved: 5
        case .dropped: 6
        case .lostWithInstance: 7
        case .timersSet: 8
        case .wakeups: 9
        }
    }
}

extension InjectionError.Reason {
    @inline(__always)
    fileprivate var column: Int {
        switch self {
        case .deadInstance: 10
        case .unsupported: 11
        case .unavailable: 12
        case .listFull: 13
        case .readOnly: 14
        case .unknownInterface: 15
        case .interfaceDown: 16
        case .badHeader: 17
        case .tooLong: 18
        case .tooOften: 19
        case .unreachable: 20
        case .sendFailed: 21
        }
    }
}
