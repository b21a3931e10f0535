// SPDX-License-Identifier: Apache-2.0

/// How a run of an event ended: with which result, and whose result that is.
public struct HookDecision: Sendable, Equatable {
    /// What the hook returned that ended the walk; `pass` when every hook let the next one run.
    public let result: HookResult

    /// The registration of that hook, as in ``HookDescription/registration``; 0 when every hook passed.
    public let registration: UInt64

    /// Puts a decision together.
    @inlinable
    public init(result: HookResult, registration: UInt64) {
        self.result = result
        self.registration = registration
    }

    /// Nobody objected.
    @inlinable
    public static var pass: HookDecision { HookDecision(result: .pass, registration: 0) }
}
