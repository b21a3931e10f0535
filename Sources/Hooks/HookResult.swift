// SPDX-License-Identifier: Apache-2.0

/// What a hook function returned: 0 lets the next hook run, anything else ends the walk.
///
/// The framework gives sign and magnitude no meaning; the value of the hook that ended the walk is handed to whoever
/// ran the event (R81, R84, hook_t(9S)).
public struct HookResult: RawRepresentable, Sendable, Equatable {
    /// The number itself, as a hook function written in C would return it.
    public let rawValue: Int32

    /// Wraps any number; hooks have `pass` and `drop` and seldom need another.
    @inlinable
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Go on with the next hook (0).
    @inlinable
    public static var pass: HookResult { HookResult(rawValue: 0) }

    /// The packet must not be processed further (1).
    @inlinable
    public static var drop: HookResult { HookResult(rawValue: 1) }
}
