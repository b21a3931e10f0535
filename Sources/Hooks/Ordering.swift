// SPDX-License-Identifier: Apache-2.0

/// How an event turns hints into an order.
public enum Ordering: String, CaseIterable, Sendable {
    /// The manual pages' promise: every hint holds for as long as its hook is registered; what cannot hold is refused.
    case documented
    /// The original's behaviour: a hint is looked at once, when its hook is inserted (R67 to R80).
    case illumos
}
