// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import Packet
import Synchronization

/// The log records of a rule set: a ring per lane, and what is needed to make text of them.
struct FilterLog: ~Copyable, Sendable {
    private let rings: UniqueArray<LogRing>
    private let reading = Mutex(())
    private let names = Mutex<[UInt32: String]>([:])
    private let options: [LogOption?]

    /// Number of each rule within its list, the first is 1.
    private let numbers: [Int]

    init(_ rules: [Rule], lanes: Int, capacity: Int) {
        var rings = UniqueArray<LogRing>(minimumCapacity: lanes)
        for _ in 0..<lanes { rings.append(LogRing(capacity: capacity)) }
        self.rings = rings
        options = rules.map(\.log)
        var counts: [String: Int] = [:]
        numbers = rules.map { rule in
            let list = "\(rule.direction) \(rule.action == .count)"
            counts[list, default: 0] += 1
            return counts[list, default: 0]
        }
    }

    /// Writes a record into the ring of the packet's lane; false if there is no room.
    func write<Addresses>(
        _ packet: borrowing FilterPacket, _ datagram: Datagram, _ key: MatchKey<Addresses>, rule: UInt32,
        flags: LogEntry.Flags, includesBody: Bool
    ) -> Bool {
        rings[packet.lane].write(packet, datagram, key, rule: rule, flags: flags, includesBody: includesBody)
    }

    /// The names under which records show interfaces.
    func update(_ interfaces: [(name: String, index: UInt32)]) {
        let names = Dictionary(interfaces.map { ($0.index, $0.name) }, uniquingKeysWith: { first, _ in first })
        self.names.withLock { $0 = names }
    }

    /// Takes all records that are there, lane by lane.
    func take() -> [LogRecord] {
        reading.withLock { _ in
            var records: [LogRecord] = []
            for lane in 0..<rings.count {
                while let record = rings[lane].read() { records.append(record) }
            }
            return records
        }
    }

    /// The text of a record.
    func line(_ record: LogRecord) -> LogLine {
        let name = names.withLock { $0[record.interface] }
        let option = options[record.rule]
        return LogLine(
            text: record.text(rule: numbers[record.rule], interface: name), facility: option?.facility,
            priority: option?.priority)
    }
}
