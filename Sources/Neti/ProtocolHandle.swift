// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Kstat
import Synchronization
import SystemPackage

/// One protocol of one instance (`net_handle_t`), at which hooks are registered.
///
/// Handles are found with ``Instance/protocolHandle(named:)``. A handle stays a valid object when its instance is gone;
/// registrations then fail with `ESHUTDOWN` (R30).
public final class ProtocolHandle: Sendable {
    /// The instance's number.
    public let netid: NetID

    /// The address family whose packets pass here.
    public let family: NetworkFamily

    /// What the look-ups of `ProtocolHandle+Interfaces.swift` look at.
    let interfaces: InterfaceTable
    let borrowedInterfaces: BorrowedInterfaceTable

    private let condemned = Atomic(false)
    private let hooks: HookFamily
    /// By the order of the cases.
    private let packetEvents: [HookEvent<PacketEvent>]

    /// The event `NIC_EVENTS`: interfaces that come, go and change (R190).
    public let nicEvents: HookEvent<NICEvent>

    private let statistics: HookStatistics

    package init(netid: NetID, family: NetworkFamily, settings: Instance.Settings, netinfo: Netinfo) {
        self.netid = netid
        self.family = family
        interfaces = settings.interfaces
        borrowedInterfaces = BorrowedInterfaceTable(interfaces)
        func makeEvent(_ event: NetworkEvent) -> HookEvent<PacketEvent> {
            HookEvent(
                family: family.rawValue, name: event.rawValue, flags: event == .observing ? .readOnly : [],
                ordering: settings.ordering, publication: netinfo.publication, limit: settings.maximumHooks
            ) { [provider = settings.provider] interested throws(HookError) in
                do throws(NetiError) {
                    try provider.setInterested(interested, in: netid, family: family, event: event)
                } catch {
                    throw HookError(error.errno, error.reason)
                }
            }
        }
        packetEvents = NetworkEvent.allCases.map(makeEvent)
        nicEvents = HookEvent(
            family: family.rawValue, name: "NIC_EVENTS", flags: family == .arp ? [] : .readOnly,
            ordering: settings.ordering, publication: netinfo.publication, limit: settings.maximumHooks
        ) { _ in }
        hooks = HookFamily(name: family.rawValue)
        statistics = HookStatistics(registry: netinfo.kstats, netid: netid, family: family)
        let all: [any Event] = family.events.map(event) + [nicEvents]
        for event in all {
            // Can't fail: the family is new and these are its own.
            try? hooks.add(event)
            statistics.add(event: event)
        }
    }

    /// The event's hooks and counters; one that ``NetworkFamily/events`` doesn't name never has any.
    ///
    /// Providers run it for each packet; everybody else registers through this handle, which keeps the kstats.
    public func event(_ event: NetworkEvent) -> HookEvent<PacketEvent> {
        switch event {
        case .physicalIn: packetEvents[0]
        case .physicalOut: packetEvents[1]
        case .forwarding: packetEvents[2]
        case .loopbackIn: packetEvents[3]
        case .loopbackOut: packetEvents[4]
        case .observing: packetEvents[5]
        }
    }

    /// Puts a hook on an event (`net_hook_register`, R41 to R48).
    ///
    /// When the call returns, packets run through the hook. The hook's name is unique on its event.
    /// - Throws: in this order of precedence `ESHUTDOWN` (the instance is going), `EEXIST` (name taken), `EINVAL` (no
    ///   such hint), `ESRCH` (the hook named by the hint is not there; documented ordering only), `EBUSY` (hint
    ///   conflicts), `ENOMEM` (limit of hooks reached), or the provider's error when packets can't be made to flow.
    public func register(_ hook: Hook<PacketEvent>, on event: NetworkEvent) throws(NetiError) {
        try register(hook, onEventNamed: event.rawValue)
    }

    /// The same by the event's name, as in C.
    ///
    /// - Throws: as ``register(_:on:)``; and, second in precedence, `ENXIO` when there is no such event.
    public func register(_ hook: Hook<PacketEvent>, onEventNamed event: String) throws(NetiError) {
        guard !condemned.load(ordering: .acquiring) else {
            throw NetiError(.socketShutdown, "hook '\(hook.name)': instance \(netid) is shutting down")
        }
        do throws(HookError) {
            try hooks.register(hook, on: event)
        } catch {
            // While the provider was asked, the hook was there, and an unregistering of that name may have seen it.
            statistics.remove(hook: hook.name, ofEventNamed: event, in: hooks)
            throw NetiError(error)
        }
        statistics.add(hook: hook.name, ofEventNamed: event, in: hooks)
    }

    /// Takes a hook off an event (`net_hook_unregister`, R49 to R52).
    ///
    /// When the call returns, no thread is inside the hook and none will enter it (R51): what it uses may be freed.
    /// Works on a handle whose instance is going.
    /// - Throws: `ENXIO` when no hook of that name is on the event, `EDEADLK` when called from inside a hook.
    public func unregister(_ name: String, from event: NetworkEvent) throws(NetiError) {
        try unregister(name, fromEventNamed: event.rawValue)
    }

    /// The same by the event's name, as in C.
    ///
    /// - Throws: as ``unregister(_:from:)``; `ENXIO` also when there is no such event.
    public func unregister(_ name: String, fromEventNamed event: String) throws(NetiError) {
        do throws(HookError) {
            try hooks.unregister(hookNamed: name, from: event)
        } catch {
            throw NetiError(error)
        }
        statistics.remove(hook: name, ofEventNamed: event, in: hooks)
    }

    /// Whether the instance is going, so that look-ups find nothing any more (R53).
    var isDead: Bool { condemned.load(ordering: .acquiring) }

    /// Refuses new hooks from now on; those that are there keep running until they are unregistered.
    package func condemn() {
        condemned.store(true, ordering: .releasing)
        for event in hooks.events { event.shutDown() }
        hooks.shutDown()
    }

    /// Removes the kstats of events and of hooks that nobody unregistered; the instance's last step.
    package func retire() {
        statistics.retire()
    }
}
