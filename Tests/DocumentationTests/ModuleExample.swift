// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Synchronization

/// What the module keeps for one instance.
final class TelnetWatch: Sendable {
    private struct State {
        var inet: ProtocolHandle?
        var families: NotifyCallback?
        var events: NotifyCallback?
    }

    private let netinfo: Netinfo
    private let netid: NetID
    private let state = Mutex(State())

    init(netinfo: Netinfo, netid: NetID) {
        self.netinfo = netinfo
        self.netid = netid
    }

    /// In `create`: asks to be told of families, those that are there already included.
    func start() {
        let families = NotifyCallback { [weak self] family in
            if family.command == .register, family.name3 == "inet" { self?.watchEvents() }
        }
        state.withLock { $0.families = families }
        try? netinfo.register(families, in: netid)
    }

    private func watchEvents() {
        guard let inet = netinfo.protocolHandle(named: "NHF_INET", in: netid) else { return }
        let events = NotifyCallback { event in
            guard event.command == .register, event.name3 == "PHYSICAL_IN" else { return }
            let noTelnet = Hook<PacketEvent>(name: "no-telnet") { packet in
                packet.tcp?.destinationPort == 23 ? .drop : .pass
            }
            try? inet.register(noTelnet, on: .physicalIn)
        }
        state.withLock { ($0.inet, $0.events) = (inet, events) }
        try? inet.register(events)
    }

    /// In `shutdown`: takes everything off. The instance may be going, or only the module.
    func stop() {
        let kept = state.withLock { $0 }
        try? kept.inet?.unregister("no-telnet", from: .physicalIn)
        if let events = kept.events { try? kept.inet?.unregister(events) }
        if let families = kept.families { try? netinfo.unregister(families, in: netid) }
    }
}

func registerTelnetModule(in netinfo: Netinfo) throws {
    try netinfo.register(
        InstanceModule(
            name: "no-telnet",
            create: { netid in
                let watch = TelnetWatch(netinfo: netinfo, netid: netid)
                watch.start()
                return watch
            },
            shutdown: { _, watch in watch.stop() },
            destroy: { _, _ in }))
}
