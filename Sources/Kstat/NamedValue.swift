// SPDX-License-Identifier: Apache-2.0

import SystemPackage

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
        /// `KSTAT_DATA_STRING`: a text of any length, or none at all; only kstats that are virtual have such fields (R178).
        case string(String?)
    }

    /// 30 bytes of UTF-8 at most; what is longer is cut off silently (R174).
    public private(set) var name: String
    /// The value, in a snapshot as it was when the kstat was read.
    public var value: Value {
        didSet { value = value.significant }
    }

    /// Puts a field together.
    public init(_ name: String, _ value: Value) {
        self.name = KstatName.significant(name)
        self.value = value.significant
    }

    /// A statistic whose name is put together of a record's and its own.
    package init(unabridged name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// Gives the field its name and type (`kstat_named_init`, R182).
    ///
    /// A value of that type stays, which is how a persistent kstat that is created again keeps its old values; any other
    /// becomes 0, an empty CHAR, a STRING without text.
    public mutating func initialize(_ name: String, as zero: Value) {
        self.name = KstatName.significant(name)
        if zero.isString || value.dataType != zero.dataType { value = zero.zeroed }
    }

    /// Changes the text of a field of type STRING (`kstat_named_setstr`, R182); nil is no text.
    ///
    /// - Throws: `EINVAL` for a field of another type, where the original panics.
    public mutating func setString(_ text: String?) throws(KstatError) {
        guard value.isString else { throw KstatError(.invalidArgument, "field \(name) is no STRING") }
        value = .string(text)
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

    private static let charLength = 16

    /// As much as there is room for: of a CHAR 16 bytes.
    var significant: Self {
        if case .char(let text) = self { .char(KstatName.prefix(of: text, bytes: Self.charLength)) } else { self }
    }

    /// 0 of the same type.
    var zeroed: Self {
        switch self {
        case .char: .char("")
        case .int32: .int32(0)
        case .uint32: .uint32(0)
        case .int64: .int64(0)
        case .uint64: .uint64(0)
        case .float: .float(0)
        case .double: .double(0)
        case .string: .string(nil)
        }
    }

    /// `KSTAT_NAMED_STR_BUFLEN`: bytes behind the fields, the terminator included; 0 for no text and other types.
    var stringLength: Int {
        if case .string(let text?) = self { text.utf8.count + 1 } else { 0 }
    }

    var isString: Bool {
        if case .string = self { true } else { false }
    }
}

extension NamedValue.Value: CustomStringConvertible {
    /// The value alone, numbers in decimal; nothing for a STRING without text.
    public var description: String {
        switch self {
        case .char(let text): text
        case .string(let text): text ?? ""
        case .int32(let number): number.description
        case .uint32(let number): number.description
        case .int64(let number): number.description
        case .uint64(let number): number.description
        case .float(let number): number.description
        case .double(let number): number.description
        }
    }
}

extension NamedValue.Value {
    /// The type in lower case, without `KSTAT_DATA_`.
    public var typeName: String {
        switch self {
        case .char: "char"
        case .int32: "int32"
        case .uint32: "uint32"
        case .int64: "int64"
        case .uint64: "uint64"
        case .float: "float"
        case .double: "double"
        case .string: "string"
        }
    }

    /// What a text as `description` makes it stands for in a value of this type; nil if it is none.
    public func parsed(_ text: String) -> Self? {
        switch self {
        case .char: text.utf8.count <= Self.charLength ? .char(text) : nil
        case .int32: Int32(text).map(Self.int32)
        case .uint32: UInt32(text).map(Self.uint32)
        case .int64: Int64(text).map(Self.int64)
        case .uint64: UInt64(text).map(Self.uint64)
        case .float: Float(text).map(Self.float)
        case .double: Double(text).map(Self.double)
        case .string: .string(text)
        }
    }

    /// A value of a type by its name, from its text.
    public init?(_ text: String, ofTypeNamed name: String) {
        let types: [Self] = [
            .char(""), .int32(0), .uint32(0), .int64(0), .uint64(0), .float(0), .double(0), .string(nil),
        ]
        guard let value = types.first(where: { $0.typeName == name })?.parsed(text) else { return nil }
        self = value
    }
}
