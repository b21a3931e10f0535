// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// One hook as its chain holds it: what to call, and which registration it belongs to.
///
/// Noncopyable, and the function is called by a method on a borrowed `self`: in this shape a call retains nothing.
@usableFromInline
struct HookEntry<Data: ~Copyable>: ~Copyable, Sendable {
    @usableFromInline let function: Hook<Data>.Function

    /// Tells two registrations of one name apart, when counters are added up and when a decision is told.
    @usableFromInline let registration: UInt64

    @usableFromInline let watch: HookWatch

    /// What `watch` refers to.
    private let health: HookHealth

    init(_ record: HookRecord<Data>) {
        function = record.hook.function
        registration = record.registration
        health = record.health
        watch = HookWatch(record.hook.policy, record.health)
    }

    @inlinable
    borrowing func call(_ data: inout Data) throws(Errno) -> HookResult {
        try function(&data)
    }
}
