// SPDX-License-Identifier: Apache-2.0

/// A hook that is off the list but whose going has not been told yet, for a thread may still be inside it.
///
/// Its name is free again when the turn can be taken: whoever unregisters holds it until everybody has been told.
struct Departure: Sendable {
    let name: String
    let turn: Turn
    /// Who knew the hook and has not heard of its going.
    var listeners: [NotifyCallback]
    /// Whether another hook has its name already.
    var isReplaced = false
}
