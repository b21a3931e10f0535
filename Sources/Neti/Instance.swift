// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Synchronization
import SystemPackage

/// One IP instance: a network namespace with its protocols.
public final class Instance: Sendable {
    /// What is fixed when an instance appears.
    public struct Settings: Sendable {
        /// How hints are read: as the manual promises, or as illumos does.
        public var ordering: Ordering

        /// Hooks that one event takes; one more fails with `ENOMEM`.
        public var maximumHooks: Int

        /// What the packets that it holds and injects may take.
        public var injection: InjectionLimits

        /// Where the instance's packets come from.
        public var provider: any NetworkProvider

        /// The interfaces of the namespace, which the provider keeps true.
        public var interfaces: InterfaceTable

        /// Collects the settings.
        public init(
            ordering: Ordering = .documented, maximumHooks: Int = 64,
            injection: InjectionLimits = InjectionLimits(), provider: any NetworkProvider,
            interfaces: InterfaceTable = InterfaceTable()
        ) {
            self.ordering = ordering
            self.maximumHooks = maximumHooks
            self.injection = injection
            self.provider = provider
            self.interfaces = interfaces
        }
    }

    /// The instance's number.
    public let netid: NetID

    /// The name under which people know it: the namespace's, or `global`.
    public let name: String

    /// What was set when it appeared.
    public let settings: Settings

    /// The interfaces of the namespace.
    public var interfaces: InterfaceTable { settings.interfaces }

    /// The packets that it holds or is to inject.
    public let injection: InjectionList

    /// The zone it belongs to: for a network namespace the number of its inode, as `lsns` shows it; 0 for none (R20).
    public var zoneID: UInt64 { interfaces.zone }

    /// The families with the callbacks that hear of them.
    let families: FamilyList
    let protocols = ProtocolList()
    /// Held while the instance comes and while it goes.
    let lifecycle = Turn()
    private let network: [NetworkProtocol]
    private let stamps = Mutex(Stamps())

    init(netid: NetID, name: String, settings: Settings, netinfo: Netinfo) {
        self.netid = netid
        self.name = name
        self.settings = settings
        let families = FamilyList(name: "\(netid)")
        self.families = families
        let injection = InjectionList(settings.injection, interfaces: settings.interfaces) {
            [provider = settings.provider] () throws(NetiError) in
            try provider.prepareInjection(in: netid)
        }
        self.injection = injection
        network = NetworkFamily.allCases.map {
            NetworkProtocol(
                netid: netid, family: $0, settings: settings, injection: injection, families: families, netinfo: netinfo
            )
        }
    }

    /// Finds a protocol that is there by its lookup name, such as `NHF_INET` (`net_protocol_lookup`, R27, R28).
    ///
    /// Swift counts the references, so there is nothing to release (R29).
    public func protocolHandle(named name: String) -> ProtocolHandle? {
        protocols.handle(named: name)
    }

    /// The protocol of a family, whether or not it can be looked up now.
    public func protocolHandle(_ family: NetworkFamily) -> NetworkProtocol {
        switch family {
        case .inet: network[0]
        case .inet6: network[1]
        case .arp: network[2]
        }
    }

    /// Takes one of the eight stamps by which a hook knows again what it injected.
    ///
    /// - Throws: `ENOMEM` when all are taken.
    public func takeStamp() throws(NetiError) -> Stamps {
        try stamps.withLock { taken throws(NetiError) in
            let free = ~taken.rawValue
            guard free != 0 else { throw NetiError(.noMemory, "instance '\(name)': all eight stamps are taken") }
            let stamp = Stamps(rawValue: free & (~free &+ 1))
            taken.insert(stamp)
            return stamp
        }
    }

    /// Gives a stamp back, for another hook. Packets that bear it may still be on their way.
    public func giveBack(_ stamp: Stamps) {
        stamps.withLock { _ = $0.remove(stamp) }
    }

    /// Makes protocols, families and events appear (R6).
    func putUp() {
        // Can't fail: the list is new.
        for handle in network { try? handle.attach(to: protocols) }
        for handle in network { handle.putUp() }
    }

    /// Lets nothing new in: first what hangs on the protocols, then the protocols (T3).
    func shutDown() {
        for handle in network { handle.shutDown() }
        protocols.condemn()
    }

    /// Takes events, families and protocols off.
    ///
    /// - Returns: the protocols whose kstats are to be removed in the end.
    func takeDown() -> [ProtocolHandle] {
        for handle in network { handle.takeDown() }
        return network + protocols.close()
    }
}
