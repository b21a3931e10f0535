// SPDX-License-Identifier: Apache-2.0

/// One method that the daemon answers. The value itself is the parameters of one call, ``Reply`` is what comes back.
///
/// Server and client share these types, so a call cannot mean one thing here and another there. That they also mean what
/// the `.varlink` files say is held by a test.
public protocol ControlMethod: Codable, Sendable {
    /// The parameters of the reply.
    associatedtype Reply: Codable & Sendable

    /// The interface to which it belongs; ``ControlInterface/name`` unless stated otherwise.
    static var interface: String { get }

    /// The name without the interface: `ListHooks`.
    static var name: String { get }

    /// The names of all parameters. The server refuses others: a misspelt filter must not mean "everything".
    static var parameterNames: [String] { get }

    /// Whether a call changes something, so that the server asks for the peer's credentials and logs it. False unless
    /// stated otherwise.
    static var isChange: Bool { get }

    /// What the log tells of a call that changes something: ``logged``.
    associatedtype Logged: Encodable = Self

    /// What the log tells of a call that changes something. The call itself unless stated otherwise.
    var logged: Logged { get }

    /// Whether clients make many such calls one after the other: of those in a row that the log would tell in the same
    /// words, it tells the first one of each connection. False unless stated otherwise.
    static var isOneOfMany: Bool { get }

    /// Whether a call has any number of replies and must be made with `more`. False unless stated otherwise.
    static var isStream: Bool { get }
}

extension ControlMethod {
    /// `io.neti.Control`.
    public static var interface: String { ControlInterface.name }

    /// A method only looks.
    public static var isChange: Bool { false }

    /// The log tells each call.
    public static var isOneOfMany: Bool { false }

    /// A method has one reply.
    public static var isStream: Bool { false }

    /// The name on the wire: `io.neti.Control.ListHooks`.
    public static var qualifiedName: String { "\(interface).\(name)" }
}

extension ControlMethod where Logged == Self {
    /// The log tells everything.
    public var logged: Self { self }
}
