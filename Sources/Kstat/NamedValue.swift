// SPDX-License-Identifier: Apache-2.0

/// One field of a kstat of type NAMED: kstat_named(9S).
public struct NamedValue: Sendable, Equatable {
    /// A value with its type.
    public enum Value: Sendable, Equatable {
        /// `KSTAT_DATA_CHAR`: a short text, 16 bytes of UTF-8 at most; the rest is cut off.
        case char(String)
        /// `KSTAT_DATA_INT32`
        case int32(Int32)
        /// `KSTAT_DATA_UINT32`
        case uint32(UInt32)
        /// `KSTAT_DATA_INT64`, also `KSTAT_DATA_LONG`
        case int64(Int64)
        /// `KSTAT_DATA_UINT64`, also `KSTAT_DATA_ULONG`
        case uint64(UInt64)
        /// `KSTAT_DATA_FLOAT`
        case float(Float)
        /// `KSTAT_DATA_DOUBLE`
        case double(Double)
        /// `KSTAT_DATA_STRING`: a text of any length; only kstats that are virtual have such fields (R178).
        case string(String)
    }

    /// 30 bytes of UTF-8 at most; what is longer is cut off silently (R174).
    public let name: String
    /// The value as it was when the kstat was read.
    public let value: Value

    private static let charLength = 16

    /// Puts a field together.
    public init(_ name: String, _ value: Value) {
        self.name = KstatName.significant(name)
        self.value =
            if case .char(let text) = value {
                .char(KstatName.prefix(of: text, bytes: Self.charLength))
            } else {
                value
            }
    }
}

extension NamedValue.Value {
    /// `data_type`: 0 CHAR, 1 INT32, 2 UINT32, 3 INT64, 4 UINT64, 5 FLOAT, 6 DOUBLE, 9 STRING.
    public var dataType: UInt8 {
        switch self {
        case .char: 0
        case .int32: 1
        case .uint32: 2
        case .int64: 3
        case .uint64: 4
        case .float: 5
        case .double: 6
        case .string: 9
        }
    }

    var isString: Bool {
        if case .string = self { true } else { false }
    }
}

extension NamedValue.Value: CustomStringConvertible {
    /// The value alone, numbers in decimal.
    public var description: String {
        switch self {
        case .char(let text), .string(let text): text
        case .int32(let number): number.description
        case .uint32(let number): number.description
        case .int64(let number): number.description
        case .uint64(let number): number.description
        case .float(let number): number.description
        case .double(let number): number.description
        }
    }
}
