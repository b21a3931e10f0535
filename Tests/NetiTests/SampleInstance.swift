// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Neti
import Packet
import Synchronization
import SystemPackage

/// The instance `global` over a fake provider, with the right of one thread to run its events.
final class SampleInstance {
    let provider = FakeProvider()
    let netinfo = Netinfo(readers: 2)
    let instance: Instance
    private let reader: Reader

    var inet: NetworkProtocol { instance.protocolHandle(.inet) }

    init(ordering: Ordering = .documented, maximumHooks: Int = 64) throws {
        reader = try netinfo.publication.makeReader()
        instance = try netinfo.addInstance(
            named: "global",
            settings: Instance.Settings(ordering: ordering, maximumHooks: maximumHooks, provider: provider))
    }

    /// Runs an event of inet for a packet, as a pump does.
    @discardableResult
    func run(_ event: NetworkEvent = .physicalIn, _ packet: inout PacketEvent) -> HookResult {
        reader.enter()
        defer { reader.leave() }
        return inet.event(event).run(&packet, reader: reader)
    }

    /// Runs an event of inet for some packet.
    @discardableResult
    func run(_ event: NetworkEvent = .physicalIn) throws -> HookResult {
        try withPacket(SamplePacket.udp(.v4), event: event) { packet in run(event, &packet) }
    }

    /// The fields of a framework kstat of this instance, nil if there is no such kstat.
    func kstat(_ module: String, _ name: String) -> [NamedValue]? {
        netinfo.kstat(module, name, visibleIn: instance.netid)?.fields
    }
}

extension Netinfo {
    /// The one kstat of that module and name that an instance sees.
    func kstat(_ module: String, _ name: String, visibleIn netid: NetID) -> KstatSnapshot? {
        kstats.snapshot(KstatSelection(module: module), visibleIn: netid.rawValue).first { $0.name == name }
    }

    /// The names of the kstats of a module that an instance sees.
    func kstatNames(_ module: String, visibleIn netid: NetID) -> [String] {
        kstats.snapshot(KstatSelection(module: module), visibleIn: netid.rawValue).map(\.name)
    }
}

/// Names that hooks have left, in the order in which they ran.
final class Trace: Sendable {
    private let left = Mutex<[String]>([])

    var names: [String] { left.withLock { $0 } }

    func add(_ name: String) {
        left.withLock { $0.append(name) }
    }

    /// The names left since the last call.
    func take() -> [String] {
        left.withLock { names in
            defer { names = [] }
            return names
        }
    }
}

extension Hook<PacketEvent> {
    /// A hook that lets everything pass and leaves its name.
    static func passing(_ name: String, hint: Hint = .none, trace: Trace? = nil) -> Hook<PacketEvent> {
        Hook(name: name, hint: hint) { _ in
            trace?.add(name)
            return .pass
        }
    }
}

extension ProtocolHandle {
    /// Registers; the error number, nil for success.
    func errno(registering hook: Hook<PacketEvent>, on event: String = "PHYSICAL_IN") -> Errno? {
        do throws(NetiError) {
            try register(hook, onEventNamed: event)
            return nil
        } catch {
            return error.errno
        }
    }

    /// Takes a hook off; the error number, nil for success.
    func errno(unregistering name: String, from event: String = "PHYSICAL_IN") -> Errno? {
        do throws(NetiError) {
            try unregister(name, fromEventNamed: event)
            return nil
        } catch {
            return error.errno
        }
    }
}
