// SPDX-License-Identifier: Apache-2.0

/// One hook as its chain holds it: what to call, and which registration it belongs to.
///
/// Noncopyable, and the function is called by a method on a borrowed `self`: in this shape a call retains nothing.
@usableFromInline
struct HookEntry<Data: ~Copyable>: ~Copyable, Sendable {
    @usableFromInline let function: Hook<Data>.Function

    /// Tells two registrations of one name apart, when counters are added up and when a decision is told.
    @usableFromInline let registration: UInt64

    init(function: @escaping Hook<Data>.Function, registration: UInt64) {
        self.function = function
        self.registration = registration
    }

    @inlinable
    borrowing func call(_ data: inout Data) -> HookResult {
        function(&data)
    }
}
