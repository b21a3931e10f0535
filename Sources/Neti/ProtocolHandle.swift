// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Kstat
import Synchronization
import SystemPackage

/// One protocol of one instance (`net_handle_t`), at which hooks are registered.
///
/// Handles are found with ``Netinfo/protocolHandle(named:in:)``. A handle stays a valid object for as long as somebody
/// holds it, also when its instance is gone; registrations then fail with `ESHUTDOWN` (R2, R30). Swift counts the
/// references, so there is no `net_protocol_release` (R29).
///
/// Those of IPv4, IPv6 and ARP are ``NetworkProtocol``s; other providers make their own with
/// ``Netinfo/registerProtocol(named:in:)``. May be used from any thread, and from inside a hook where locks and
/// allocations are acceptable.
///
/// Unchecked, for a class that has subclasses can't be checked: it holds constants and locks only.
public class ProtocolHandle: @unchecked Sendable {
    /// What hangs on a handle while it has a family.
    struct Attachment {
        let family: HookFamily
        let statistics: HookStatistics
    }

    struct State {
        /// Nil until the provider registers its family and again when it has taken it off.
        var attachment: Attachment?
        /// The family that was taken off last: what still hangs on it can be taken off too.
        var former: Attachment?
        /// The protocols it is among; nil before it is registered and when it has been unregistered.
        var list: ProtocolList?
    }

    /// The instance's number; stays when the handle is unregistered, see ``liveNetID``.
    public let netid: NetID

    /// The name under which it is looked up, such as `NHF_INET` (R5).
    public let name: String

    let netinfo: Netinfo
    let families: FamilyList
    let state = Mutex(State())
    let condemned = Atomic(false)

    init(name: String, netid: NetID, families: FamilyList, netinfo: Netinfo) {
        self.name = name
        self.netid = netid
        self.families = families
        self.netinfo = netinfo
    }

    /// The number of the instance it is registered with, nil when it has been unregistered (`net_getnetid`, R22).
    public var liveNetID: NetID? {
        state.withLock { $0.list == nil ? nil : netid }
    }

    /// Whether the instance is going: it can be looked up no more, and finds nothing any more (R53). One atomic load.
    var isDead: Bool { condemned.load(ordering: .acquiring) }

    // MARK: Hooks

    /// Puts a hook on the event of that name (`net_hook_register`, R41 to R48).
    ///
    /// When the call returns, the event's data runs through the hook, and the event's callbacks have heard of it (R45).
    /// The hook's name is unique on its event. The caller may forget the hook (R48).
    /// - Throws: in this order of precedence `ESHUTDOWN` (the instance is going), `ENXIO` (no family, no such event),
    ///   `EINVAL` (the event's hooks get something else than `Data`), `EDEADLK` (it would wait for itself, such as from
    ///   inside a callback of that event), `ESHUTDOWN` (the event is going), `EEXIST` (name taken), `EINVAL` (no such
    ///   hint), `ESRCH` (the hook named by the hint is not there; documented ordering only), `EBUSY` (hint conflicts),
    ///   `ENOMEM` (limit of hooks reached), or the provider's error when packets can't be made to flow.
    public func register<Data: ~Copyable>(_ hook: Hook<Data>, onEventNamed event: String) throws(NetiError) {
        let attachment = try liveAttachment("hook '\(hook.name)'")
        try refusing { () throws(HookError) in
            try attachment.family.register(hook, on: event) { attachment.statistics.add(hook: hook.name, of: $0) }
        }
    }

    /// Puts a hook on an event that gives it packets (`net_hook_register`, R41 to R48).
    ///
    /// - Throws: as ``register(_:onEventNamed:)``.
    public func register(_ hook: Hook<PacketEvent>, on event: NetworkEvent) throws(NetiError) {
        try register(hook, onEventNamed: event.rawValue)
    }

    /// Takes a hook off an event (`net_hook_unregister`, R49 to R52).
    ///
    /// When the call returns, no thread is inside the hook and none will enter it (R51): what it uses may be freed. The
    /// event's callbacks have heard of it. Works on a handle whose instance is going, also in a module's destroy callback,
    /// where the original has forgotten the family (R126).
    /// - Throws: `ENXIO` when there is no family, no such event or no hook of that name on it; `EDEADLK` when called from
    ///   inside a hook or where it would wait for itself, such as from inside a callback of that event.
    public func unregister(_ name: String, fromEventNamed event: String) throws(NetiError) {
        try unregister(name, registration: nil, fromEventNamed: event)
    }

    private func unregister(
        _ name: String, registration: UInt64?, fromEventNamed event: String
    ) throws(NetiError) {
        let attachment = try anyAttachment("hook '\(name)'", .noSuchAddressOrDevice)
        try refusing { () throws(HookError) in
            try attachment.family.unregister(hookNamed: name, registration: registration, from: event) {
                attachment.statistics.remove(hook: name, of: $0)
            }
        }
        // It may have been what kept a condemned event (R37).
        attachment.statistics.remove(event: event, unlessIn: attachment.family)
    }

    /// Takes a hook off an event that gives it packets (`net_hook_unregister`, R49 to R52).
    ///
    /// - Throws: as ``unregister(_:fromEventNamed:)``.
    public func unregister(_ name: String, from event: NetworkEvent) throws(NetiError) {
        try unregister(name, fromEventNamed: event.rawValue)
    }

    /// Takes this very hook off, and not one that has taken its place since it was looked at.
    ///
    /// - Throws: as ``unregister(_:fromEventNamed:)``; `ENXIO` also when another one has its name.
    package func unregister(_ hook: HookDescription, from event: NetworkEvent) throws(NetiError) {
        try unregister(hook.name, registration: hook.registration, fromEventNamed: event.rawValue)
    }

    // MARK: For those beside

    /// The family, while the handle lives.
    ///
    /// - Throws: `ESHUTDOWN` for a dead handle, then `ENXIO` for one without family.
    func liveAttachment(_ what: String) throws(NetiError) -> Attachment {
        try state.withLock { state throws(NetiError) in
            guard !isDead, state.list != nil else {
                throw NetiError(.socketShutdown, "\(what): instance \(netid) is shutting down")
            }
            guard let attachment = state.attachment else {
                throw NetiError(.noSuchAddressOrDevice, "\(what): protocol '\(name)' has no family")
            }
            return attachment
        }
    }

    /// The family, or the one that was taken off last, whatever became of the handle.
    func anyAttachment(_ what: String, _ errno: Errno) throws(NetiError) -> Attachment {
        guard let attachment = state.withLock({ $0.attachment ?? $0.former }) else {
            throw NetiError(errno, "\(what): protocol '\(name)' has no family")
        }
        return attachment
    }

    /// Calls the framework and hands its refusal on.
    func refusing<Result>(_ body: () throws(HookError) -> Result) throws(NetiError) -> Result {
        do throws(HookError) {
            return try body()
        } catch {
            throw NetiError(error)
        }
    }
}
