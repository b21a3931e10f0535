// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Between values and messages (varlink.org, "Method Call"): a message is one JSON object, and what it carries is in the
/// member `parameters`, which is left out when it would be empty and may then also be null or `{}`.
package enum Message {
    /// The bytes are no message: not UTF-8, not JSON, not an object, or without what every message has.
    package struct Malformed: Error, Equatable {}

    /// What a call says beside its parameters.
    struct CallHeader: Decodable {
        let method: String
        let oneway: Bool?
        let more: Bool?
        let upgrade: Bool?
    }

    /// What a reply says beside its parameters.
    package struct ReplyHeader: Decodable {
        package let error: String?
        package let continues: Bool?
    }

    /// Reads all but the parameters.
    package static func header<Header: Decodable>(_: Header.Type, of message: [UInt8]) throws(Malformed) -> Header {
        // The JSON decoder does not look at text that nobody asks for.
        guard String(validating: message, as: UTF8.self) != nil, !isNestedTooDeeply(message) else { throw Malformed() }
        do {
            return try JSONDecoder().decode(Header.self, from: Data(message))
        } catch {
            throw Malformed()
        }
    }

    /// Reads the parameters of a call.
    ///
    /// - Throws: `invalidParameter` with the name of the first one that is missing, unknown, or of the wrong type.
    static func parameters<Method: ControlMethod>(_: Method.Type, of message: [UInt8]) throws(ServiceError) -> Method {
        do {
            return try JSONDecoder().decode(StrictParameters<Method>.self, from: Data(message)).value
        } catch let error as UnknownParameter {
            throw .invalidParameter(error.name)
        } catch let error as DecodingError {
            throw .invalidParameter(error.parameterName)
        } catch {
            throw .invalidParameter("parameters")
        }
    }

    /// Reads the parameters of a reply; a member that is not known is passed over, for the daemon may be newer.
    package static func parameters<Reply: Decodable>(ofReply message: [UInt8]) throws(Malformed) -> Reply {
        do {
            return try JSONDecoder().decode(LenientParameters<Reply>.self, from: Data(message)).value
        } catch {
            throw Malformed()
        }
    }

    /// A call, ready to be sent.
    static func call(_ method: some ControlMethod, oneway: Bool = false, more: Bool = false) throws -> [UInt8] {
        try encode(
            CallEnvelope(
                method: type(of: method).qualifiedName, more: more ? true : nil, oneway: oneway ? true : nil,
                parameters: method))
    }

    /// A reply, ready to be sent.
    ///
    /// - Parameter continues: whether others follow to the same call.
    package static func reply(_ parameters: some Encodable, continues: Bool = false) throws -> [UInt8] {
        try encode(ReplyEnvelope(continues: continues ? true : nil, error: nil, parameters: parameters))
    }

    /// A reply that says what went wrong, ready to be sent.
    static func reply(_ error: WireError) throws -> [UInt8] {
        try encode(ReplyEnvelope(continues: nil, error: error.name, parameters: error.parameters))
    }

    /// Parameters as JSON on one line, for people.
    static func text(_ parameters: some Encodable) throws -> String {
        String(decoding: try encoder().encode(parameters), as: UTF8.self)
    }

    /// JSON writes a NUL inside text as `\u0000`, so the one at the end is the only one.
    private static func encode(_ message: some Encodable) throws -> [UInt8] {
        var bytes = Array(try encoder().encode(message))
        // The last member, for they are sorted.
        if bytes.suffix(noParameters.count).elementsEqual(noParameters) {
            bytes.removeLast(noParameters.count)
            if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(0)
        return bytes
    }

    /// How a message ends whose parameters turn out to be none.
    private static let noParameters = Array(#""parameters":{}}"#.utf8)

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

private struct CallEnvelope<Parameters: Encodable>: Encodable {
    let method: String
    let more: Bool?
    let oneway: Bool?
    let parameters: Parameters
}

private struct ReplyEnvelope<Parameters: Encodable>: Encodable {
    let continues: Bool?
    let error: String?
    let parameters: Parameters
}

private struct UnknownParameter: Error {
    let name: String
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }

    static let parameters = AnyKey(stringValue: "parameters")
}

/// A message with parameters of which every one is known.
private struct StrictParameters<Method: ControlMethod>: Decodable {
    let value: Method

    init(from decoder: any Decoder) throws {
        let message = try decoder.container(keyedBy: AnyKey.self)
        if let given = try message.decodeIfPresent(Names.self, forKey: .parameters)?.names,
            let unknown = given.sorted().first(where: { !Method.parameterNames.contains($0) })
        {
            throw UnknownParameter(name: unknown)
        }
        value = try LenientParameters<Method>(from: decoder).value
    }

    private struct Names: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        }
    }
}

/// A message with parameters; absent and null ones are empty ones.
private struct LenientParameters<Value: Decodable>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let message = try decoder.container(keyedBy: AnyKey.self)
        if let given = try message.decodeIfPresent(Value.self, forKey: .parameters) {
            value = given
        } else {
            value = try JSONDecoder().decode(Value.self, from: Data("{}".utf8))
        }
    }
}

extension DecodingError {
    /// The parameter that the error is about, as a path with dots: `level`.
    fileprivate var parameterName: String {
        let path: [any CodingKey] =
            switch self {
            case .keyNotFound(let key, let context): context.codingPath + [key]
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            @unknown default: []
            }
        let names = path.map(\.stringValue)
        let inside = names.first == "parameters" ? Array(names.dropFirst()) : names
        return inside.isEmpty ? "parameters" : inside.joined(separator: ".")
    }
}
