// SPDX-License-Identifier: Apache-2.0

public import Hooks

/// One IP instance: a network namespace with its protocols.
public final class Instance: Sendable {
    /// What is fixed when an instance appears.
    public struct Settings: Sendable {
        /// How hints are read: as the manual promises, or as illumos does.
        public var ordering: Ordering

        /// Hooks that one event takes; one more fails with `ENOMEM`.
        public var maximumHooks: Int

        /// Where the instance's packets come from.
        public var provider: any NetworkProvider

        /// The interfaces of the namespace, which the provider keeps true.
        public var interfaces: InterfaceTable

        /// Collects the settings.
        public init(
            ordering: Ordering = .documented, maximumHooks: Int = 64, provider: any NetworkProvider,
            interfaces: InterfaceTable = InterfaceTable()
        ) {
            self.ordering = ordering
            self.maximumHooks = maximumHooks
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

    private let handles: [ProtocolHandle]

    package init(netid: NetID, name: String, settings: Settings, netinfo: Netinfo) {
        self.netid = netid
        self.name = name
        self.settings = settings
        handles = NetworkFamily.allCases.map {
            ProtocolHandle(netid: netid, family: $0, settings: settings, netinfo: netinfo)
        }
    }

    /// Finds a protocol by its lookup name, `NHF_INET`, `NHF_INET6` or `NHF_ARP` (`net_protocol_lookup`, R27, R28).
    ///
    /// Swift counts the references, so there is nothing to release.
    public func protocolHandle(named name: String) -> ProtocolHandle? {
        NetworkFamily(protocolName: name).map(protocolHandle)
    }

    /// The protocol of a family.
    public func protocolHandle(_ family: NetworkFamily) -> ProtocolHandle {
        switch family {
        case .inet: handles[0]
        case .inet6: handles[1]
        case .arp: handles[2]
        }
    }

    package func condemn() {
        for handle in handles { handle.condemn() }
    }

    package func retire() {
        for handle in handles { handle.retire() }
    }
}
