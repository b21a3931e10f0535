// SPDX-License-Identifier: Apache-2.0

/// What a kstat holds, as its type says: `ks_data` of kstat(9S).
public enum KstatData: Sendable, Equatable {
    /// `KSTAT_TYPE_RAW`: bytes that only their owner understands.
    case raw([UInt8])
    /// `KSTAT_TYPE_NAMED`: typed values with names, in the owner's order.
    case named([NamedValue])
    /// `KSTAT_TYPE_INTR`: how often a device asked for attention.
    case interrupts(KstatInterrupts)
    /// `KSTAT_TYPE_IO`: transfers, and how long they waited and ran. Kept apart, or every kstat had room for it.
    indirect case io(KstatIO)
    /// `KSTAT_TYPE_TIMER`: how long events lasted.
    case timers([KstatTimer])

    /// All zero, of the given number of records (R176).
    ///
    /// - Returns: nil for a type that doesn't exist.
    init?(zeroed type: KstatType, count: Int) {
        switch type {
        case .raw: self = .raw(Array(repeating: 0, count: count))
        case .named: self = .named(Array(repeating: NamedValue("", .char("")), count: count))
        case .interrupt: self = .interrupts(KstatInterrupts())
        case .io: self = .io(KstatIO())
        case .timer: self = .timers(Array(repeating: KstatTimer(""), count: count))
        default: return nil
        }
    }

    /// `ks_type`.
    public var type: KstatType {
        switch self {
        case .raw: .raw
        case .named: .named
        case .interrupts: .interrupt
        case .io: .io
        case .timers: .timer
        }
    }

    /// `ks_ndata`: bytes of RAW, fields of NAMED, timers of TIMER; 1 of INTR and IO.
    public var count: Int {
        switch self {
        case .raw(let bytes): bytes.count
        case .named(let fields): fields.count
        case .interrupts, .io: 1
        case .timers(let timers): timers.count
        }
    }

    /// `ks_data_size`: the bytes that the C structures take, with the strings behind the fields (R176, R181).
    public var byteCount: Int {
        switch self {
        case .raw(let bytes): bytes.count
        case .named(let fields): fields.reduce(0) { $0 + 48 + $1.value.stringLength }
        case .interrupts: 20
        case .io: 80
        case .timers(let timers): timers.count * 80
        }
    }

    /// Whether a field is of type STRING.
    var hasStrings: Bool {
        if case .named(let fields) = self { fields.contains(where: \.value.isString) } else { false }
    }

    /// Without the records behind the first `count`.
    func prefix(_ count: Int) -> KstatData {
        if self.count <= count { return self }
        return switch self {
        case .raw(let bytes): .raw(Array(bytes.prefix(count)))
        case .named(let fields): .named(Array(fields.prefix(count)))
        case .timers(let timers): .timers(Array(timers.prefix(count)))
        case .interrupts, .io: self
        }
    }

    /// As a reader gets it by default: queue times go up to now (R181).
    func accumulated(to now: KstatTime) -> KstatData {
        if case .io(let io) = self { .io(io.accumulated(to: now)) } else { self }
    }

    /// The shape of `self` with the values of `older` where both mean the same.
    func keepingValues(of older: KstatData) -> KstatData {
        guard case .named(var fields) = self, case .named(let known) = older else { return older }
        for index in fields.indices {
            let match = known.first {
                $0.name == fields[index].name && $0.value.dataType == fields[index].value.dataType
            }
            if let match { fields[index] = match }
        }
        return .named(fields)
    }
}
