// SPDX-License-Identifier: Apache-2.0

public import Hooks
import SystemPackage

/// The protocol of IPv4, IPv6 or ARP, whose packets the instance's ``NetworkProvider`` brings.
@safe
public final class NetworkProtocol: ProtocolHandle, @unchecked Sendable {
    /// The address family whose packets pass here.
    public let family: NetworkFamily

    /// What the look-ups of `NetworkProtocol+Interfaces.swift` look at.
    let interfaces: InterfaceTable
    let borrowedInterfaces: BorrowedInterfaceTable

    /// By the order of the cases.
    private let packetEvents: [HookEvent<PacketEvent>]

    /// The event `NIC_EVENTS`: interfaces that come, go and change (R190).
    public let nicEvents: HookEvent<NICEvent>

    /// The instance's packets that are held or to be injected.
    let injection: InjectionList

    /// That of `netinfo`, which lives longer than this: hooks look there with every packet that they inject.
    private let borrowedPublication: Unmanaged<Publication>

    init(
        netid: NetID, family: NetworkFamily, settings: Instance.Settings, injection: InjectionList,
        families: FamilyList, netinfo: Netinfo
    ) {
        self.family = family
        self.injection = injection
        unsafe borrowedPublication = .passUnretained(netinfo.publication)
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
        super.init(name: family.protocolName, netid: netid, families: families, netinfo: netinfo)
    }

    /// How often the packet was injected that the calling thread shows to hooks; 0 for one that shows none.
    @inline(__always)
    var callerInjections: UInt8 {
        unsafe borrowedPublication._withUnsafeGuaranteedRef { UInt8(truncatingIfNeeded: $0.callerNote ?? 0) }
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

    // MARK: Coming and going with the instance

    /// In the order in which they are registered (R6).
    private var eventsAsTheyCome: [any Event] {
        family.events.filter { $0 != .observing }.map(event) + [nicEvents]
            + family.events.filter { $0 == .observing }.map(event)
    }

    /// In the order in which they are shut down and unregistered, which is another one (T3).
    private var eventsAsTheyGo: [String] {
        let names = eventsAsTheyCome.map(\.name)
        let forwarding = NetworkEvent.forwarding.rawValue
        return names.filter { $0 == forwarding } + names.filter { $0 != forwarding }
    }

    // None of these can be refused. Nobody else gives this protocol a family or events of these names before it has one;
    // and a thread that makes instances come and go is inside no callback, so it waits for nobody who waits for it.

    /// Makes the family and its events appear.
    func putUp() {
        try? registerFamily(HookFamily(name: family.rawValue))
        for event in eventsAsTheyCome { try? registerEvent(event) }
    }

    /// Lets no more hooks in, and tells. The family of ARP is not shut down: its going is told when it is unregistered
    /// (T3).
    func shutDown() {
        for event in eventsAsTheyGo { try? shutDownEvent(named: event) }
        if family != .arp { try? shutDownFamily(named: family.rawValue) }
    }

    /// Takes events and family off.
    func takeDown() {
        for event in eventsAsTheyGo { try? unregisterEvent(named: event) }
        try? unregisterFamily(named: family.rawValue)
        unregister()
    }
}
