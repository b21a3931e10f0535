// SPDX-License-Identifier: Apache-2.0

/// One method of `io.neti.Control`. The value itself is the parameters of one call, ``Reply`` is what comes back.
///
/// Server and client share these types, so a call cannot mean one thing here and another there. That they also mean what
/// `io.neti.Control.varlink` says is held by a test.
public protocol ControlMethod: Codable, Sendable {
    /// The parameters of the reply.
    associatedtype Reply: Codable & Sendable

    /// The name without the interface: `ListHooks`.
    static var name: String { get }

    /// The names of all parameters. The server refuses others: a misspelt filter must not mean "everything".
    static var parameterNames: [String] { get }
}

extension ControlMethod {
    /// The name on the wire: `io.neti.Control.ListHooks`.
    public static var qualifiedName: String { "\(ControlInterface.name).\(name)" }
}
