// SPDX-License-Identifier: Apache-2.0

/// Comparing values with a description.
extension VarlinkDescription {
    private func resolved(_ type: VarlinkType) -> VarlinkType {
        if case .named(let name) = type { types[name] ?? type } else { type }
    }

    /// Where a value is not of its type, as paths with a reason.
    func deviations(of value: JSONValue, from type: VarlinkType, at path: String = "") -> [String] {
        switch (resolved(type), value) {
        case (.bool, .bool), (.int, .int), (.float, .float), (.float, .int), (.string, .string), (.object, .object):
            return []
        case (.optional, .null):
            return []
        case (.optional(let type), _):
            return deviations(of: value, from: type, at: path)
        case (.array(let type), .array(let values)):
            return values.flatMap { deviations(of: $0, from: type, at: path + "[]") }
        case (.dictionary(let type), .object(let values)):
            return values.flatMap { deviations(of: $0.value, from: type, at: path + "[\($0.key)]") }
        case (.enumeration(let members), .string(let member)):
            return members.contains(member) ? [] : ["\(path): no member \(member)"]
        case (.structure(let fields), .object(let values)):
            let unknown = Set(values.keys).subtracting(fields.map(\.name)).map { "\(path).\($0): not described" }
            return unknown
                + fields.flatMap { field -> [String] in
                    let value = values[field.name] ?? .null
                    return deviations(of: value, from: field.type, at: "\(path).\(field.name)")
                }
        case (let type, _):
            return ["\(path): \(value) is no \(type)"]
        }
    }

    /// The value with one field missing, for each field that is present anywhere in it.
    func withoutOneField(
        _ value: JSONValue, _ type: VarlinkType, at path: String = ""
    ) -> [(path: String, isOptional: Bool, value: JSONValue)] {
        switch (resolved(type), value) {
        case (.optional(let type), _) where value != .null:
            return withoutOneField(value, type, at: path)
        case (.array(let type), .array(let values)):
            return values.indices.flatMap { index in
                withoutOneField(values[index], type, at: path + "[]").map { inner in
                    var changed = values
                    changed[index] = inner.value
                    return (inner.path, inner.isOptional, .array(changed))
                }
            }
        case (.structure(let fields), .object(let values)):
            return fields.flatMap { field -> [(path: String, isOptional: Bool, value: JSONValue)] in
                guard let member = values[field.name], member != .null else { return [] }
                var without = values
                without[field.name] = nil
                let path = "\(path).\(field.name)"
                let isOptional = if case .optional = field.type { true } else { false }
                return [(path, isOptional, .object(without))]
                    + withoutOneField(member, field.type, at: path).map { inner in
                        var changed = values
                        changed[field.name] = inner.value
                        return (inner.path, inner.isOptional, .object(changed))
                    }
            }
        default:
            return []
        }
    }

    /// The paths of all fields.
    func paths(_ type: VarlinkType, at path: String = "") -> Set<String> {
        switch resolved(type) {
        case .optional(let type): paths(type, at: path)
        case .array(let type): paths(type, at: path + "[]")
        case .structure(let fields):
            fields.reduce(into: []) { all, field in
                let path = "\(path).\(field.name)"
                all.formUnion(paths(field.type, at: path).union([path]))
            }
        default: []
        }
    }
}
