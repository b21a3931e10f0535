// SPDX-License-Identifier: Apache-2.0

import Neti
import TOMLKit

/// Collects what is wrong with one file.
final class ConfigurationDiagnostics {
    private let file: String
    private let location: ConfigurationLocation
    private(set) var found: [ConfigurationError.Diagnostic] = []

    init(file: String, location: ConfigurationLocation) {
        self.file = file
        self.location = location
    }

    /// What was found, in the order of the file; what is missing comes where its table starts.
    var sorted: [ConfigurationError.Diagnostic] {
        found.enumerated()
            .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
            .map(\.element)
    }

    func report(_ message: String, at path: ConfigurationPath) {
        found.append(.init(file: file, line: location[path], column: nil, key: path.description, message: message))
    }
}

/// A value of the file, not yet read.
struct ConfigurationNode {
    let value: TOMLValue
    let path: ConfigurationPath
    let diagnostics: ConfigurationDiagnostics

    /// Reports what is wrong with the value; gives nil for the caller to return.
    func refuse<Value>(_ message: String) -> Value? {
        diagnostics.report(message, at: path)
        return nil
    }

    /// Reports the wrong type, unless the value is of the wanted one.
    func isOf(_ type: TOMLType) -> Bool {
        if value.type == type { return true }
        diagnostics.report("expected \(type.withArticle), found \(value.type.withArticle)", at: path)
        return false
    }

    /// The elements; nil with a report when the value is no array.
    var elements: [ConfigurationNode]? {
        guard isOf(.array), let array = value.array else { return nil }
        return (0..<array.count).map {
            ConfigurationNode(value: array[$0].tomlValue, path: path.appending($0), diagnostics: diagnostics)
        }
    }
}

/// A table of the file, from which typed values are read key by key.
///
/// Nothing stops at the first mistake: what is wrong is reported and reads as nil, so that one run finds everything. A
/// key that nobody has asked for by the end is unknown.
final class ConfigurationTable {
    let path: ConfigurationPath
    let diagnostics: ConfigurationDiagnostics
    private let table: TOMLTable
    private var known: [String] = []

    init(_ table: TOMLTable, at path: ConfigurationPath = .init(), diagnostics: ConfigurationDiagnostics) {
        self.table = table
        self.path = path
        self.diagnostics = diagnostics
    }

    /// Whether the key is there, right or wrong.
    func has(_ key: String) -> Bool { table.contains(key: key) }

    /// Reads an optional value; nil when it is missing or, with a report, wrong.
    func read<Value>(_ key: String, _ format: ConfigurationFormat<Value>) -> Value? {
        node(key).flatMap(format.read)
    }

    /// Reads a value into a property, which keeps its default when the key is missing or wrong.
    func read<Value>(_ key: String, _ format: ConfigurationFormat<Value>, into property: inout Value) {
        if let value = read(key, format) { property = value }
    }

    /// Reads a value that must be there.
    func require<Value>(_ key: String, _ format: ConfigurationFormat<Value>) -> Value? {
        if !has(key) { refuse(key, "missing") }
        return read(key, format)
    }

    /// Reads a table of its own; nil when it is missing or no table.
    func table<Value>(_ key: String, _ read: (ConfigurationTable) -> Value) -> Value? {
        node(key).flatMap { Self.read($0, read) }
    }

    /// Reads an array of tables; empty when it is missing or anything in it is no table.
    func tables<Value>(_ key: String, _ read: (ConfigurationTable) -> Value) -> [Value] {
        guard let elements = node(key)?.elements else { return [] }
        let values = elements.compactMap { Self.read($0, read) }
        return values.count == elements.count ? values : []
    }

    /// Reports what is wrong with a key, beside what its format says.
    func refuse(_ key: String, _ message: String) {
        diagnostics.report(message, at: path.appending(key))
    }

    /// Reports every key that nobody has asked for, with the nearest known one.
    func refuseUnknownKeys() {
        for key in table.keys where !known.contains(key) {
            let hint = known.nearest(to: key).map { "; did you mean '\($0)'?" } ?? ""
            refuse(key, "unknown key\(hint)")
        }
    }

    /// Counts a key as known without reading it.
    func allow(_ keys: some Sequence<String>) { known += keys }

    private func node(_ key: String) -> ConfigurationNode? {
        known.append(key)
        return table[key].map {
            ConfigurationNode(value: $0.tomlValue, path: path.appending(key), diagnostics: diagnostics)
        }
    }

    private static func read<Value>(_ node: ConfigurationNode, _ read: (ConfigurationTable) -> Value) -> Value? {
        guard node.isOf(.table), let inner = node.value.table else { return nil }
        let table = ConfigurationTable(inner, at: node.path, diagnostics: node.diagnostics)
        defer { table.refuseUnknownKeys() }
        return read(table)
    }
}

extension TOMLType {
    /// `a string`, `an integer`.
    fileprivate var withArticle: String {
        switch self {
        case .bool: "a boolean"
        case .array, .int: "an \(self)"
        default: "a \(self)"
        }
    }
}
