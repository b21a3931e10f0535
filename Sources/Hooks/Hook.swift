// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// A function to be run when an event happens, with its name and its wish for a place: hook_t(9S).
///
/// Registering keeps a copy, so the caller may forget it afterwards (R48); only the name is needed to unregister. The
/// same hook may be registered on several events (R43). A hook without a function cannot be expressed.
public struct Hook<Data: ~Copyable>: Sendable {
    /// What a hook does with the data of the event it is registered on. Several threads may run it at once (R85).
    ///
    /// It runs on the thread that carries packets: it must not block, and what it allocates or locks is paid per packet.
    ///
    /// A hook that can't do its work throws; what becomes of the data then says its ``policy``, as it says what becomes
    /// of the hook. Throwing costs what returning costs.
    public typealias Function = @Sendable (inout Data) throws(Errno) -> HookResult

    /// Unique on its event, compared exactly.
    public let name: String
    /// `h_version`: shown, never examined (R15).
    public let version: Int32
    /// `h_flags`: shown, never examined (R47).
    public let flags: UInt32
    /// Where to stand among the others.
    public let hint: Hint
    /// What becomes of it when it fails or takes too long.
    public let policy: HookPolicy
    /// What to run.
    public let function: Function

    /// Describes a hook; nothing happens until it is registered.
    public init(
        name: String, version: Int32 = 1, flags: UInt32 = 0, hint: Hint = .none, policy: HookPolicy = HookPolicy(),
        function: @escaping Function
    ) {
        self.name = name
        self.version = version
        self.flags = flags
        self.hint = hint
        self.policy = policy
        self.function = function
    }
}
