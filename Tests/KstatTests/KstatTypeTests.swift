// SPDX-License-Identifier: Apache-2.0

import Kstat
import SystemPackage
import Testing

/// Each type with each flag: creating, installing, reading, writing, deleting, creating again (R174 to R181).
struct KstatTypeTests {
    /// A type, its records, and values that differ from zero.
    struct Sample: Sendable, CustomTestStringConvertible {
        let type: KstatType
        let count: Int
        /// `ks_data_size`.
        let size: Int
        let data: KstatData

        var testDescription: String { "\(type)" }

        var zeroed: KstatData {
            switch data {
            case .raw: .raw([0, 0, 0])
            case .named: .named([NamedValue("", .char("")), NamedValue("", .char(""))])
            case .interrupts: .interrupts(KstatInterrupts())
            case .io: .io(KstatIO())
            case .timers: .timers([KstatTimer("")])
            }
        }
    }

    static let samples: [Sample] = {
        var interrupts = KstatInterrupts()
        (interrupts.hard, interrupts.multipleService) = (1, 5)
        var io = KstatIO()
        (io.bytesRead, io.bytesWritten, io.reads, io.writes) = (1, 2, 3, 4)
        io.runQueue.time = 7
        var timer = KstatTimer("lookup")
        timer.start(at: KstatTime(nanoseconds: 10))
        timer.stop(at: KstatTime(nanoseconds: 15))
        return [
            Sample(type: .raw, count: 3, size: 3, data: .raw([0xde, 0x00, 0xad])),
            Sample(
                type: .named, count: 2, size: 96,
                data: .named([NamedValue("in", .uint64(.max)), NamedValue("ratio", .double(0.5))])),
            Sample(type: .interrupt, count: 1, size: 20, data: .interrupts(interrupts)),
            Sample(type: .io, count: 1, size: 80, data: .io(io)),
            Sample(type: .timer, count: 1, size: 80, data: .timers([timer])),
        ]
    }()

    /// Every set of the five flags that can be asked for.
    static let flags: [KstatFlags] = (0..<32).map { bits in
        let all: [KstatFlags] = [.virtual, .variableSize, .writable, .persistent, .longStrings]
        return KstatFlags(all.indices.filter { bits & 1 << $0 != 0 }.map { all[$0] })
    }

    let registry = KstatRegistry(limit: 100)

    private func create(_ sample: Sample, _ flags: KstatFlags) throws(KstatError) -> Kstat {
        try registry.create(
            module: "m", name: "n", class: "c", type: sample.type, count: sample.count, flags: flags, netids: [0])
    }

    private func errno(_ body: () throws(KstatError) -> Void) -> Errno? {
        do throws(KstatError) {
            try body()
            return nil
        } catch {
            return error.errno
        }
    }

    /// What R174 and, for strings, R178 say of a combination.
    private func mayExist(_ sample: Sample, _ flags: KstatFlags) -> Bool {
        if flags.isSuperset(of: [.persistent, .virtual]) { return false }
        if flags.contains(.variableSize), !flags.contains(.virtual) { return false }
        return !flags.contains(.longStrings) || (flags.contains(.virtual) && sample.type == .named)
    }

    @Test("What may be created, and its way from zero to its end (R174, R176, R178 to R181)", arguments: samples, flags)
    func life(_ sample: Sample, _ flags: KstatFlags) throws {
        guard mayExist(sample, flags) else {
            #expect(errno { () throws(KstatError) in _ = try create(sample, flags) } == .invalidArgument)
            return
        }
        let kstat = try create(sample, flags)
        #expect(kstat.flags == flags.union(.invalid))
        #expect(kstat.type == sample.type)
        #expect(errno { () throws(KstatError) in _ = try registry.read(kstat) } == .noSuchAddressOrDevice)

        if flags.isSuperset(of: [.longStrings, .writable]) {
            let owner = KstatOwner(data: sample.data)
            #expect(errno { () throws(KstatError) in try registry.install(kstat, owner: owner) } == .invalidArgument)
            return
        }
        if flags.contains(.virtual) {
            #expect(errno { () throws(KstatError) in try registry.install(kstat) } == .invalidArgument)
            try registry.install(kstat, owner: KstatOwner(data: sample.data))
        } else {
            try registry.install(kstat)
            #expect(try registry.read(kstat).data == sample.zeroed)
        }
        #expect(kstat.flags == flags)
        #expect(try registry.read(kstat).data.byteCount == sample.size)
        try write(sample, to: kstat, flags)
        try delete(kstat, sample, flags)
    }

    private func write(_ sample: Sample, to kstat: Kstat, _ flags: KstatFlags) throws {
        let result = errno { () throws(KstatError) in try registry.write(sample.data, to: kstat) }
        let isNamedAnew = sample.type == .named && !flags.contains(.virtual)
        if !flags.contains(.writable) {
            #expect(result == .permissionDenied)
        } else if isNamedAnew {
            // Its fields have no names yet, and writing gives none.
            #expect(result == .invalidArgument)
        } else {
            #expect(result == nil)
            #expect(try registry.read(kstat).data == sample.data)
            let other: KstatData = sample.type == .raw ? .io(KstatIO()) : .raw([1])
            #expect(errno { () throws(KstatError) in try registry.write(other, to: kstat) } == .invalidArgument)
            #expect(try registry.read(kstat).data == sample.data)
        }
    }

    private func delete(_ kstat: Kstat, _ sample: Sample, _ flags: KstatFlags) throws {
        let chainID = registry.chainID
        let last = try registry.read(kstat).data
        try registry.delete(kstat)
        #expect(errno { () throws(KstatError) in try registry.delete(kstat) } == .noSuchAddressOrDevice)
        if flags.contains(.persistent) {
            #expect(kstat.flags == flags.union(.dormant))
            #expect(try registry.read(kstat).data == last)
            #expect(registry.chainID == chainID)
            #expect(try create(sample, flags) === kstat)
            #expect(kstat.flags == flags.union([.dormant, .invalid]))
            try registry.install(kstat)
            #expect(kstat.flags == flags)
            #expect(try registry.read(kstat).data == last)
        } else {
            #expect(registry.snapshot().isEmpty)
            #expect(registry.chainID == chainID + 1)
            #expect(try create(sample, flags).id > kstat.id)
        }
    }

    @Test("Statistics are named as kstat(1M) does; a value set as text comes back", arguments: samples)
    func statistics(_ sample: Sample) throws {
        let expected: [String] =
            switch sample.data {
            case .raw: ["raw"]
            case .named: ["in", "ratio"]
            case .interrupts: ["hard", "soft", "watchdog", "spurious", "multiple_service"]
            case .io:
                [
                    "nread", "nwritten", "reads", "writes", "wtime", "wlentime", "wlastupdate", "wcnt", "rtime",
                    "rlentime", "rlastupdate", "rcnt",
                ]
            case .timers:
                ["num_events", "elapsed_time", "min_time", "max_time", "start_time", "stop_time"].map {
                    "lookup." + $0
                }
            }
        let statistics = sample.data.statistics
        #expect(statistics.map(\.name) == expected)
        let texts = statistics.map { (statistic: $0.name, text: $0.value.description) }
        #expect(try sample.data.setting(texts) == sample.data)
        for (index, statistic) in statistics.enumerated() {
            let text = statistic.name == "raw" ? "0102ff" : "\(index + 1)"
            let changed = try sample.data.setting([(statistic.name, text)])
            let expected = statistic.name == "ratio" ? "2.0" : text
            #expect(changed.statistics[index].value.description == expected)
            #expect(changed.statistics.enumerated().allSatisfy { $0 == index || $1 == statistics[$0] })
        }
        for (name, text) in [("none", "1"), (expected[0], "x")] {
            #expect(
                errno { () throws(KstatError) in _ = try sample.data.setting([(name, text)]) } == .invalidArgument)
        }
    }

    @Test("Raw bytes stay as many as they are")
    func rawLength() throws {
        for text in ["", "01", "01020304", "0102f", "0102fg"] {
            #expect(
                errno { () throws(KstatError) in _ = try KstatData.raw([1, 2, 3]).setting([("raw", text)]) }
                    == .invalidArgument)
        }
    }

    @Test("A timer keeps the number, the sum and the extremes")
    func timer() {
        var timer = KstatTimer("t")
        for (start, stop) in [(100, 110), (200, 203), (300, 330)] as [(Int64, Int64)] {
            timer.start(at: KstatTime(nanoseconds: start))
            timer.stop(at: KstatTime(nanoseconds: stop))
        }
        #expect(timer.events == 3)
        #expect(timer.elapsedTime == 43)
        #expect(timer.minimumTime == 3)
        #expect(timer.maximumTime == 30)
        #expect(timer.startTime.nanoseconds == 300)
        #expect(timer.stopTime.nanoseconds == 330)
    }

    @Test("Its owner changes data of a type in place, and no other", arguments: samples)
    func changing(_ sample: Sample) throws {
        let kstat = try create(sample, [])
        var refused = 0
        for (type, change) in changes(of: kstat) {
            let errno = errno(change)
            #expect(errno == (type == sample.type ? nil : .invalidArgument))
            if errno != nil { refused += 1 }
        }
        #expect(refused == 4)
        try registry.install(kstat)
        #expect(try registry.read(kstat).data != sample.zeroed)
    }

    private func changes(of kstat: Kstat) -> [(KstatType, () throws(KstatError) -> Void)] {
        [
            (.raw, { () throws(KstatError) in try kstat.withBytes { $0[2] = 1 } }),
            (.named, { () throws(KstatError) in try kstat.withFields { $0[1] = NamedValue("x", .int32(1)) } }),
            (.interrupt, { () throws(KstatError) in try kstat.withInterrupts { $0.soft += 1 } }),
            (.io, { () throws(KstatError) in try kstat.withIO { $0.reads += 1 } }),
            (.timer, { () throws(KstatError) in try kstat.withTimers { $0[0].start() } }),
        ]
    }
}
