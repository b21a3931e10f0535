// SPDX-License-Identifier: Apache-2.0

/// A type of Varlink's description language (varlink.org, "Interface Definition").
indirect enum VarlinkType: Equatable {
    case bool, int, float, string, object
    case named(String)
    case optional(VarlinkType)
    case array(VarlinkType)
    case dictionary(VarlinkType)
    case structure([VarlinkField])
    case enumeration([String])
}

struct VarlinkField: Equatable {
    let name: String
    let type: VarlinkType
}

/// What a `.varlink` file says, read by its published grammar.
struct VarlinkDescription {
    struct SyntaxError: Error {
        let expected: String
        let found: String
    }

    private(set) var interface = ""
    private(set) var types: [String: VarlinkType] = [:]
    private(set) var methods: [String: (parameters: [VarlinkField], reply: [VarlinkField])] = [:]
    private(set) var errors: [String: [VarlinkField]] = [:]

    private var tokens: [String] = []

    init(_ text: String) throws {
        tokens = Self.tokens(text).reversed()
        try take("interface")
        interface = try word()
        while let keyword = tokens.popLast() {
            let name = try word()
            switch keyword {
            case "type":
                types[name] = try braced()
            case "method":
                let parameters = try fields()
                try take("->")
                methods[name] = (parameters, try fields())
            case "error":
                errors[name] = try fields()
            default:
                throw SyntaxError(expected: "type, method or error", found: keyword)
            }
        }
    }

    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        for line in text.split(separator: "\n") {
            var rest = line.prefix { $0 != "#" }
            while let first = rest.first {
                if first.isWhitespace {
                    rest.removeFirst()
                } else if first.isLetter {
                    let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
                    tokens.append(String(word))
                    rest.removeFirst(word.count)
                } else {
                    let sign = ["->", "[]"].first { rest.hasPrefix($0) } ?? String(first)
                    tokens.append(sign)
                    rest.removeFirst(sign.count)
                }
            }
        }
        return tokens
    }

    private mutating func take(_ expected: String) throws {
        let found = tokens.popLast() ?? "end"
        guard found == expected else { throw SyntaxError(expected: expected, found: found) }
    }

    private mutating func word() throws -> String {
        let found = tokens.popLast() ?? "end"
        guard found.first?.isLetter == true else { throw SyntaxError(expected: "a name", found: found) }
        return found
    }

    private mutating func fields() throws -> [VarlinkField] {
        guard case .structure(let fields) = try braced() else { throw SyntaxError(expected: "fields", found: "names") }
        return fields
    }

    /// A structure, or an enumeration if no member has a type.
    private mutating func braced() throws -> VarlinkType {
        try take("(")
        var names: [String] = []
        var types: [VarlinkType] = []
        while tokens.last != ")" {
            if !names.isEmpty { try take(",") }
            names.append(try word())
            if tokens.last == ":" {
                try take(":")
                types.append(try type())
            }
        }
        try take(")")
        if types.isEmpty, !names.isEmpty { return .enumeration(names) }
        guard types.count == names.count else {
            throw SyntaxError(expected: "a type for each field", found: "\(names)")
        }
        return .structure(zip(names, types).map(VarlinkField.init))
    }

    private mutating func type() throws -> VarlinkType {
        switch tokens.last {
        case "?":
            try take("?")
            return .optional(try type())
        case "[]":
            try take("[]")
            return .array(try type())
        case "[":
            try take("[")
            try take("string")
            try take("]")
            return .dictionary(try type())
        case "(":
            return try braced()
        default:
            break
        }
        switch try word() {
        case "bool": return .bool
        case "int": return .int
        case "float": return .float
        case "string": return .string
        case "object": return .object
        case let name: return .named(name)
        }
    }
}
