// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import LiveHost
import Neti
import NetiLinux
import Testing

/// Two hosts, the right one filtered by an instance of this process.
///
/// What the left sends passes `PHYSICAL_IN` of the instance, what the right sends `PHYSICAL_OUT`.
struct Rig {
    let hosts: HostPair
    let provider: LinuxProvider
    let instance: Instance

    var left: Host { hosts.left }
    var right: Host { hosts.right }

    /// Builds it, hands it to `body` and takes it down, however `body` ends.
    static func with(
        pumps: Int = 2, ordering: Ordering = .documented, injection: InjectionLimits = InjectionLimits(),
        configure: (inout InstanceConfiguration) -> Void = { _ in }, _ body: (Rig) throws -> Void
    ) throws {
        try HostPair.with { hosts in
            let provider = try LinuxProvider(pumps: pumps)
            defer { provider.stop() }
            var configuration = InstanceConfiguration()
            configure(&configuration)
            let instance = try provider.addInstance(
                named: hosts.right.name, in: hosts.right.namespace, configuration: configuration, ordering: ordering,
                injection: injection)
            try body(Rig(hosts: hosts, provider: provider, instance: instance))
        }
    }

    /// Puts a hook on an event.
    func register(
        _ name: String, on event: NetworkEvent, of family: NetworkFamily, hint: Hint = .none,
        _ function: @escaping Hook<PacketEvent>.Function
    ) throws {
        try instance.protocolHandle(family).register(Hook(name: name, hint: hint, function: function), on: event)
    }

    func unregister(_ name: String, from event: NetworkEvent, of family: NetworkFamily) throws {
        try instance.protocolHandle(family).unregister(name, from: event)
    }

    /// The hooks of an event with their hits.
    func hits(on event: NetworkEvent, of family: NetworkFamily) -> [String: UInt64] {
        let hooks = instance.protocolHandle(family).event(event).snapshot()
        return Dictionary(uniqueKeysWithValues: hooks.map { ($0.name, $0.hits) })
    }

    /// The index of the right host's interface.
    func interface() throws -> UInt32 {
        try #require(instance.protocolHandle(.inet).interface(named: Host.interface))
    }

    /// The index of another one of its interfaces, as soon as the instance has heard that it is up.
    func interface(up name: String) throws -> UInt32 {
        let handle = instance.protocolHandle(.inet)
        let isUp = Deadline(.seconds(5)).sees {
            handle.interface(named: name).flatMap { handle.flags(of: $0) }?.contains(.up) == true
        }
        try #require(isUp, "\(name) doesn't come up")
        return try #require(handle.interface(named: name))
    }

    /// A figure of the instance's injection, as its kstat shows it.
    func injected(_ name: String) -> UInt64 {
        let kstats = provider.netinfo.kstats.snapshot(
            KstatSelection(module: "neti"), visibleIn: instance.netid.rawValue)
        guard let kstat = kstats.first(where: { $0.name == "injection" }),
            case .uint64(let value)? = kstat.fields.first(where: { $0.name == name })?.value
        else { return 0 }
        return value
    }

    /// Packets that no queue had room for, with `fail-open`.
    var passedUnseen: UInt64? { provider.status(of: instance)?.passedUnseen }

    /// The queues' figures added up.
    var totals: QueueTotals { QueueTotals(provider.status(of: instance)?.queues ?? []) }
}

/// What all queues of an instance counted together.
struct QueueTotals {
    var overruns: UInt64 = 0
    var expiredVerdicts: UInt64 = 0
    var edited: UInt64 = 0
    var received: UInt64 = 0
    var waiting: UInt32 = 0
    var queueFullDrops: UInt32 = 0
    var socketFullDrops: UInt32 = 0

    init(_ queues: [PacketQueue.Status]) {
        for queue in queues {
            overruns += queue.statistics.overruns
            expiredVerdicts += queue.statistics.expiredVerdicts
            edited += queue.statistics.edited
            received += queue.statistics.received
            waiting += queue.waiting
            queueFullDrops += queue.queueFullDrops
            socketFullDrops += queue.socketFullDrops
        }
    }
}
