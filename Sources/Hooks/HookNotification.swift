// SPDX-License-Identifier: Apache-2.0

/// Whether something came or went: `hook_notify_cmd_t`. `HN_NONE` is never delivered, so it isn't here.
public enum NotifyCommand: Int32, Sendable {
    /// It can be used now (`HN_REGISTER`).
    case register = 1
    /// It is on its way out, or out already (`HN_UNREGISTER`).
    case unregister = 2
}

/// What came or went, in the words of the manual (table in pfhooks.md, section 6).
///
/// | told by | name1 | name2 | name3 |
/// |---|---|---|---|
/// | an instance | the netid in decimal | nil | a family, such as `inet` |
/// | a protocol | its family | nil | an event, such as `PHYSICAL_IN` |
/// | an event | its family | its name | a hook |
public struct HookNotification: Sendable, Hashable, CustomStringConvertible {
    /// Came or went.
    public let command: NotifyCommand
    /// Where: the instance or the family.
    public let name1: String
    /// The event, where a hook came or went.
    public let name2: String?
    /// What came or went.
    public let name3: String

    /// Puts a notification together.
    public init(_ command: NotifyCommand, _ name1: String, _ name2: String?, _ name3: String) {
        self.command = command
        self.name1 = name1
        self.name2 = name2
        self.name3 = name3
    }

    /// One line, with `-` for a name that isn't there: `REGISTER 5 - inet`.
    public var description: String {
        "\(command == .register ? "REGISTER" : "UNREGISTER") \(name1) \(name2 ?? "-") \(name3)"
    }
}

/// Somebody who wants to hear what comes and goes: `hook_notify_fn_t` with its argument.
///
/// What the original tells apart by the address of the function is here the object itself: registering the same object
/// on one thing a second time is `EEXIST`, on several things it is allowed (R133). What C passes as `arg` the handler
/// captures.
public final class NotifyCallback: Sendable {
    /// Called on the thread that makes the change, before its call returns, without any lock. Those of one object never
    /// overlap, those of different objects may (R111). There is nothing to return (R130).
    ///
    /// It may look everything up and change other objects. A change of the object that calls, or of one that somebody
    /// holds who waits for this thread, is `EDEADLK` (R63, R64).
    public typealias Handler = @Sendable (HookNotification) -> Void

    private let handler: Handler

    /// Makes a callback that can be registered.
    public init(_ handler: @escaping Handler) {
        self.handler = handler
    }

    func tell(_ notification: HookNotification) {
        handler(notification)
    }
}
