// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Synchronization
import SystemPackage

// What a provider does with the protocol that it has registered (R26, R32 to R40). Consumers only look.
extension ProtocolHandle {
    /// The hook family, nil before it is registered and when it has been unregistered.
    public var hookFamily: HookFamily? { state.withLock { $0.attachment?.family } }

    /// Gives the protocol its family (`net_family_register`, R32).
    ///
    /// The instance's callbacks hear of it before this returns, and may use the handle.
    /// - Throws: `ESHUTDOWN` for a dead handle, `EDEADLK` when called from inside a callback of the instance, `EEXIST` when
    ///   the protocol has a family, the name is taken on the instance or the instance is going.
    public func registerFamily(_ family: HookFamily) throws(NetiError) {
        let statistics = HookStatistics(registry: netinfo.kstats, netid: netid, family: family.name)
        try state.withLock { state throws(NetiError) in
            guard !isDead, state.list != nil else {
                throw NetiError(.socketShutdown, "family \(family.name): instance \(netid) is shutting down")
            }
            guard state.attachment == nil else {
                throw NetiError(.fileExists, "family \(family.name): protocol '\(name)' has a family")
            }
            state.attachment = Attachment(family: family, statistics: statistics)
        }
        do throws(NetiError) {
            try refusing { () throws(HookError) in try families.add(family) }
        } catch {
            state.withLock { $0.attachment = nil }
            throw error
        }
    }

    /// Lets the family accept no more events, and tells (`net_family_shutdown`, R34, R35).
    ///
    /// - Throws: `ENXIO` when there is no family, `EINVAL` when it has another name, `EDEADLK` when called from inside a
    ///   callback of the instance.
    public func shutDownFamily(named familyName: String) throws(NetiError) {
        let family = try attachment(named: familyName).family
        try refusing { () throws(HookError) in try families.shutDown(family) }
    }

    /// Takes the family off, and tells if that wasn't done before (`net_family_unregister`, R33, R35).
    ///
    /// It stays, condemned, for as long as it has events or callbacks; those can be taken off through this handle until
    /// another family takes its place, which the original refuses (R49).
    /// - Throws: as ``shutDownFamily(named:)``.
    public func unregisterFamily(named familyName: String) throws(NetiError) {
        let attachment = try attachment(named: familyName)
        try refusing { () throws(HookError) in
            try families.remove(attachment.family) {
                let replaced = state.withLock { state in
                    defer { state.former = attachment }
                    state.attachment = nil
                    return state.former
                }
                replaced?.statistics.retire()
            }
        }
    }

    /// Adds an event to the family (`net_event_register`, R36). The event itself is the token, with which the provider
    /// runs its hooks (`hook_run`).
    ///
    /// It gets a kstat, then the protocol's callbacks hear of it.
    /// - Throws: `ESHUTDOWN` for a dead handle, `ENXIO` without a family, `EDEADLK` when called from inside a callback of
    ///   the protocol, `ESHUTDOWN` when the family is going, `EEXIST` when this very event is there already, `EINVAL` when
    ///   it was made for another family. C gets NULL for all of these.
    public func registerEvent(_ event: any Event) throws(NetiError) {
        let attachment = try liveAttachment("event \(event.name)")
        try refusing { () throws(HookError) in
            try attachment.family.add(event) { attachment.statistics.add(event: event) }
        }
    }

    /// Lets an event accept no more hooks and callbacks, and tells (`net_event_shutdown`, R38, R39).
    ///
    /// - Throws: `ENXIO` without a family, `EDEADLK` when called from inside a callback of the protocol, `ESRCH` when there
    ///   is no event of that name.
    public func shutDownEvent(named event: String) throws(NetiError) {
        let family = try currentAttachment("event \(event)").family
        try refusing { () throws(HookError) in _ = try family.shutDownEvent(named: event) }
    }

    /// Takes an event off, and tells if that wasn't done before (`net_event_unregister`, R37, R39).
    ///
    /// It stays, condemned, for as long as it has hooks or callbacks, and so does its kstat.
    /// - Throws: as ``shutDownEvent(named:)``.
    public func unregisterEvent(named event: String) throws(NetiError) {
        let attachment = try currentAttachment("event \(event)")
        try refusing { () throws(HookError) in _ = try attachment.family.unregisterEvent(named: event) }
        attachment.statistics.remove(event: event, unlessIn: attachment.family)
    }

    /// Takes the protocol away from its instance (`net_protocol_unregister`, R26). Nothing happens the second time.
    public func unregister() {
        let list = state.withLock { state in
            defer { state.list = nil }
            return state.list
        }
        list?.remove(self)
    }

    // MARK: For those beside

    /// Puts it among the protocols of its instance.
    func attach(to list: ProtocolList) throws(NetiError) {
        state.withLock { $0.list = list }
        do throws(NetiError) {
            try list.add(self)
        } catch {
            state.withLock { $0.list = nil }
            throw error
        }
    }

    /// Refuses everything new from now on.
    func condemn() {
        condemned.store(true, ordering: .releasing)
    }

    /// Forgets the instance it belonged to.
    func detach() {
        condemn()
        state.withLock { $0.list = nil }
    }

    /// Removes the kstats of events and of hooks that nobody unregistered.
    func retireStatistics() {
        let attachments = state.withLock { [$0.attachment, $0.former] }
        for attachment in attachments { attachment?.statistics.retire() }
    }

    private func currentAttachment(_ what: String) throws(NetiError) -> Attachment {
        guard let attachment = state.withLock({ $0.attachment }) else {
            throw NetiError(.noSuchAddressOrDevice, "\(what): protocol '\(name)' has no family")
        }
        return attachment
    }

    private func attachment(named familyName: String) throws(NetiError) -> Attachment {
        let attachment = try currentAttachment("family \(familyName)")
        guard attachment.family.name == familyName else {
            throw NetiError(
                .invalidArgument, "protocol '\(name)' has family \(attachment.family.name), not \(familyName)")
        }
        return attachment
    }
}
