// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Synchronization
import SystemPackage

// Protocols, numbers and callbacks by the number of their instance, as C callers have them.
extension Netinfo {
    // MARK: Protocols

    /// Registers a protocol (`net_protocol_register`, R7, R25). Nobody is told of it (R140); of its family they are.
    ///
    /// What a provider does next: ``ProtocolHandle/registerFamily(_:)``, then ``ProtocolHandle/registerEvent(_:)`` for each
    /// event, whose hooks may get any type of data.
    /// - Throws: `ESRCH` for a number that leads nowhere, `EEXIST` for a name that can be looked up already. C gets NULL.
    public func registerProtocol(named name: String, in netid: NetID) throws(NetiError) -> ProtocolHandle {
        guard let instance = instance(netid) else {
            throw NetiError(.noSuchProcess, "protocol '\(name)': no instance \(netid)")
        }
        let handle = ProtocolHandle(name: name, netid: netid, families: instance.families, netinfo: self)
        try handle.attach(to: instance.protocols)
        return handle
    }

    /// Finds a protocol by its exact name (`net_protocol_lookup`, R27, R28): the same object each time.
    ///
    /// Nil when there is no such instance or protocol, or the protocol is going. There is nothing to release: Swift counts
    /// the references (`net_protocol_release`, R29).
    public func protocolHandle(named name: String, in netid: NetID) -> ProtocolHandle? {
        instance(netid)?.protocolHandle(named: name)
    }

    /// The protocols that can be looked up, in the order of R7 (`net_protocol_walk`, R31): IPv4, ARP, IPv6, where other
    /// providers' stand behind IPv4. Empty when there is no such instance.
    public func protocols(in netid: NetID) -> [ProtocolHandle] {
        instance(netid)?.protocols.live ?? []
    }

    // MARK: Numbers

    /// The number of the instance that a zone has (`net_zoneidtonetid`, R20). A zone is a network namespace, its id the
    /// number of its inode.
    public func netid(ofZone zone: UInt64) -> NetID? {
        zone == 0 ? nil : instances.first { $0.zoneID == zone }?.netid
    }

    /// The zone of an instance (`net_getzoneidbynetid`, R21); nil for a number that leads nowhere.
    public func zone(of netid: NetID) -> UInt64? {
        instance(netid)?.zoneID
    }

    // MARK: Who hears of families

    /// Registers a callback for families that come and go on an instance (`net_instance_notify_register`).
    ///
    /// It hears the number in decimal, nil and the family's name; before this returns once for each family that isn't on
    /// its way out, newest first (R134). In a module's `create` for a new instance there is none yet (R124).
    /// - Throws: in this order of precedence `ESRCH` (no such instance), `EDEADLK` (from inside a callback of this
    ///   instance), `ESHUTDOWN` (the instance is going), `EEXIST`. It is not called then (R137).
    public func register(_ callback: NotifyCallback, in netid: NetID) throws(NetiError) {
        guard let instance = instance(netid) else {
            throw NetiError(.noSuchProcess, "callback: no instance \(netid)")
        }
        do throws(HookError) {
            try instance.families.register(callback)
        } catch {
            throw NetiError(error)
        }
    }

    /// Takes a callback off (`net_instance_notify_unregister`).
    ///
    /// It hears each family go that is there, those on their way out too (R135), and nothing afterwards. Works on an
    /// instance that is going, also in a module's `destroy`, where the original has forgotten the number (R126).
    /// - Throws: `ESRCH` (no such instance, or not registered there), `EDEADLK` as in ``register(_:in:)``.
    public func unregister(_ callback: NotifyCallback, in netid: NetID) throws(NetiError) {
        guard let instance = state.withLock({ $0.entry(netid)?.instance }) else {
            throw NetiError(.noSuchProcess, "callback: no instance \(netid)")
        }
        do throws(HookError) {
            try instance.families.unregister(callback)
        } catch {
            throw NetiError(error)
        }
    }
}
