// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Data of any type as named values, the way kstat(1M) shows and names them.
extension KstatData {
    /// The statistics, in the kstat's own order.
    ///
    /// Bytes of RAW are one statistic `raw` in hexadecimal. A timer's statistics have its name and a point in front.
    /// Times are in nanoseconds.
    public var statistics: [NamedValue] {
        switch self {
        case .raw(let bytes): [NamedValue("raw", .string(Hexadecimal.text(bytes)))]
        case .named(let fields): fields
        case .interrupts(let interrupts): interrupts.statistics
        case .io(let io): io.statistics
        case .timers(let timers): timers.flatMap(\.statistics)
        }
    }

    /// The same with other values for some of its statistics, given as `statistics` shows them.
    ///
    /// - Throws: `EINVAL` for a name that is not there or a text that is no value of its type.
    public func setting(_ values: [(statistic: String, text: String)]) throws(KstatError) -> KstatData {
        var statistics = statistics
        for (name, text) in values {
            guard let index = statistics.firstIndex(where: { $0.name == name }) else {
                throw KstatError(.invalidArgument, "there is no statistic '\(name)'")
            }
            guard let value = statistics[index].value.parsed(text) else {
                throw KstatError(
                    .invalidArgument,
                    "'\(text)' is no value for '\(name)', which is \(statistics[index].value.typeName)")
            }
            statistics[index].value = value
        }
        guard let data = replacing(by: statistics) else {
            throw KstatError(.invalidArgument, "raw bytes stay as many as they are, two hexadecimal digits each")
        }
        return data
    }

    /// The data that have these statistics; nil if no data of that type have.
    package init?(_ type: KstatType, statistics: [NamedValue]) {
        switch type {
        case .raw:
            guard let bytes = Hexadecimal.bytes(statistics.first?.value.description ?? "") else { return nil }
            self = .raw(bytes)
        case .named:
            self = .named(statistics.map { NamedValue($0.name, $0.value) })
            return
        case .interrupt: self = .interrupts(KstatInterrupts())
        case .io: self = .io(KstatIO())
        case .timer:
            let suffix = ".num_events"
            self = .timers(
                statistics.map(\.name).filter { $0.hasSuffix(suffix) }.map {
                    KstatTimer(String($0.dropLast(suffix.count)))
                })
        default: return nil
        }
        guard let data = replacing(by: statistics), data.statistics == statistics else { return nil }
        self = data
    }

    /// `self` with the values of its own statistics, in their order.
    private func replacing(by statistics: [NamedValue]) -> KstatData? {
        var values = StatisticReader(statistics)
        switch self {
        case .raw(let bytes):
            guard let written = Hexadecimal.bytes(values.text()), written.count == bytes.count else { return nil }
            return .raw(written)
        case .named: return .named(statistics)
        case .interrupts: return .interrupts(KstatInterrupts(&values))
        case .io: return .io(KstatIO(&values))
        case .timers(let timers): return .timers(timers.map { KstatTimer($0.name, &values) })
        }
    }
}

/// Takes values from a list in the order in which `statistics` put them there.
private struct StatisticReader {
    private var rest: ArraySlice<NamedValue>

    init(_ statistics: [NamedValue]) {
        rest = statistics[...]
    }

    mutating func text() -> String {
        rest.popFirst()?.value.description ?? ""
    }

    mutating func uint32() -> UInt32 {
        if case .uint32(let number) = rest.popFirst()?.value { number } else { 0 }
    }

    mutating func uint64() -> UInt64 {
        if case .uint64(let number) = rest.popFirst()?.value { number } else { 0 }
    }

    mutating func int64() -> Int64 {
        if case .int64(let number) = rest.popFirst()?.value { number } else { 0 }
    }

    mutating func time() -> KstatTime {
        KstatTime(nanoseconds: int64())
    }
}

extension KstatInterrupts {
    fileprivate var statistics: [NamedValue] {
        [
            NamedValue("hard", .uint32(hard)), NamedValue("soft", .uint32(soft)),
            NamedValue("watchdog", .uint32(watchdog)), NamedValue("spurious", .uint32(spurious)),
            NamedValue("multiple_service", .uint32(multipleService)),
        ]
    }

    fileprivate init(_ values: inout StatisticReader) {
        hard = values.uint32()
        soft = values.uint32()
        watchdog = values.uint32()
        spurious = values.uint32()
        multipleService = values.uint32()
    }
}

extension KstatIO {
    fileprivate var statistics: [NamedValue] {
        [
            NamedValue("nread", .uint64(bytesRead)), NamedValue("nwritten", .uint64(bytesWritten)),
            NamedValue("reads", .uint32(reads)), NamedValue("writes", .uint32(writes)),
        ] + waitQueue.statistics("w") + runQueue.statistics("r")
    }

    fileprivate init(_ values: inout StatisticReader) {
        bytesRead = values.uint64()
        bytesWritten = values.uint64()
        reads = values.uint32()
        writes = values.uint32()
        waitQueue = Queue(&values)
        runQueue = Queue(&values)
    }
}

extension KstatIO.Queue {
    fileprivate func statistics(_ letter: String) -> [NamedValue] {
        [
            NamedValue("\(letter)time", .int64(time)), NamedValue("\(letter)lentime", .int64(lengthTime)),
            NamedValue("\(letter)lastupdate", .int64(lastUpdate.nanoseconds)),
            NamedValue("\(letter)cnt", .uint32(count)),
        ]
    }

    fileprivate init(_ values: inout StatisticReader) {
        time = values.int64()
        lengthTime = values.int64()
        lastUpdate = values.time()
        count = values.uint32()
    }
}

extension KstatTimer {
    fileprivate var statistics: [NamedValue] {
        [
            NamedValue(unabridged: "\(name).num_events", .uint64(events)),
            NamedValue(unabridged: "\(name).elapsed_time", .int64(elapsedTime)),
            NamedValue(unabridged: "\(name).min_time", .int64(minimumTime)),
            NamedValue(unabridged: "\(name).max_time", .int64(maximumTime)),
            NamedValue(unabridged: "\(name).start_time", .int64(startTime.nanoseconds)),
            NamedValue(unabridged: "\(name).stop_time", .int64(stopTime.nanoseconds)),
        ]
    }

    fileprivate init(_ name: String, _ values: inout StatisticReader) {
        self.init(name)
        events = values.uint64()
        elapsedTime = values.int64()
        minimumTime = values.int64()
        maximumTime = values.int64()
        startTime = values.time()
        stopTime = values.time()
    }
}
