// SPDX-License-Identifier: Apache-2.0

/// What an event says about itself: `he_flags` of hook_event(9S).
public struct EventFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: Int32

    /// Wraps any bits; nothing in the framework reads them (R9).
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// `HOOK_RDONLY`: hooks only look. Not enforced.
    public static let readOnly = EventFlags(rawValue: 0x1)
}

/// A named point at which hooks run, seen without the type of what the hooks get.
///
/// `HookEvent` is the only conformer; this is what a family, a statistics reader or a control interface holds. Nothing
/// here is for the packet path. May be used from any thread.
public protocol Event: AnyObject, Sendable {
    /// The name of the family it belongs to, such as `inet`.
    var family: String { get }
    /// Its name, such as `PHYSICAL_IN`.
    var name: String { get }
    /// `he_flags`.
    var flags: EventFlags { get }
    /// `he_interested`: whether a hook is registered.
    var isInterested: Bool { get }
    /// What it has counted so far.
    var counters: EventCounters { get }
    /// Whether it was condemned and its last hook and callback are gone: nobody needs it any more (R1, R142).
    var isGone: Bool { get }

    /// The registered hooks in the order in which they run.
    func snapshot() -> [HookDescription]

    /// The hook that a reader's thread is inside; see `HookEvent.hookInside(reader:)`.
    func hookInside(reader index: Int) -> String?

    /// Takes a hook off; see `HookEvent.unregister(named:registration:record:)`.
    func unregister(named hookName: String, registration: UInt64?, record: () -> Void) throws(HookError)

    /// Registers a callback for hooks that come and go; see `HookEvent.register(_:)`.
    func register(_ callback: NotifyCallback) throws(HookError)

    /// Takes a callback off; see `HookEvent.unregister(_:)`.
    func unregister(_ callback: NotifyCallback) throws(HookError)

    /// Accepts no more hooks; those registered keep running and can be taken off (R38, R88).
    ///
    /// - Returns: whether this call is the first to announce the event's end, so that its going is reported once (R39).
    @discardableResult func shutDown() -> Bool

    /// Shuts the event down and marks it as unwanted: it is gone as soon as its last hook is (R37).
    ///
    /// - Returns: whether this call is the first to announce the event's end, so that its going is reported once (R39).
    @discardableResult func condemn() -> Bool
}

extension Event {
    /// Takes a hook off, whichever has that name; see `HookEvent.unregister(named:registration:record:)`.
    public func unregister(named hookName: String, record: () -> Void = {}) throws(HookError) {
        try unregister(named: hookName, registration: nil, record: record)
    }
}
