// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Synchronization
import SystemPackage

func registerNoTelnet(at instance: Instance) throws {
    let inet = instance.protocolHandle(.inet)
    try inet.register(
        Hook(name: "no-telnet") { packet in
            packet.tcp?.destinationPort == 23 ? .drop : .pass
        }, on: .physicalIn)
}

func registerOtherPort(at instance: Instance) throws {
    let otherPort = Hook<PacketEvent>(name: "other-port", hint: .after("no-telnet")) { packet in
        guard let datagram = packet.datagram, packet.tcp?.destinationPort == 8080 else { return .pass }
        let place = Int(datagram.transportOffset) + 2
        let change: Void? = try? packet.edit { bytes in
            bytes.storeBytes(of: UInt16(80).bigEndian, toByteOffset: place, as: UInt16.self)
        }
        return change == nil ? .drop : .pass
    }
    try instance.protocolHandle(.inet).register(otherPort, on: .physicalIn)
}

func registerReadable(at instance: Instance) throws {
    let policy = HookPolicy(onFailure: .drop, timeBudget: 10_000_000, onOverBudget: .report)
    let readable = Hook<PacketEvent>(name: "readable", policy: policy) { packet throws(Errno) in
        guard packet.datagram != nil else { throw .badMessage }
        return .pass
    }
    try instance.protocolHandle(.inet).register(readable, on: .physicalIn)
}

final class FragmentCount: Sendable {
    /// One row for each pump thread: a row has one writer, so adding needs neither a lock nor an atomic addition.
    private let rows: [Row]

    final class Row: Sendable {
        private let fragments = Atomic(0)

        var count: Int { fragments.load(ordering: .relaxed) }

        func add() {
            fragments.store(count + 1, ordering: .relaxed)
        }
    }

    init(lanes: Int) {
        rows = (0..<lanes).map { _ in Row() }
    }

    var total: Int {
        rows.reduce(0) { $0 + $1.count }
    }

    func register(at instance: Instance) throws {
        let counting = Hook<PacketEvent>(name: "fragments", hint: .last) { [rows] packet in
            if packet.datagram?.isFragment == true { rows[packet.lane].add() }
            return .pass
        }
        try instance.protocolHandle(.inet).register(counting, on: .physicalIn)
    }
}
