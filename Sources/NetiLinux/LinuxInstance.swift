// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization
import SystemPackage

/// The queues and steering rules of one instance.
///
/// Queues are opened when the first hook comes and closed with the instance; rules, and the taps for ARP packets, come
/// and go with the events that have hooks.
public final class LinuxInstance: Sendable {
    /// What an administrator wants to know of an instance.
    public struct Status: Sendable {
        /// Where the instance is found.
        public var namespace: Namespace
        /// Which namespace that is; its inode is the instance's zone id.
        public var identity: NamespaceIdentity
        /// How packets are queued and steered.
        public var configuration: InstanceConfiguration
        /// One entry for each open queue.
        public var queues: [PacketQueue.Status]
        /// How the kernel was told to queue packets; nil while no rule exists.
        public var mechanism: SteeringMechanism?
        /// How often more happened to interfaces and routes at once than the kernel could tell; each time it was asked anew.
        public var interfaceLosses: UInt64
        /// Packets that the kernel let pass unseen because a queue or its socket was full (`fail-open`), at least. Without
        /// `gso` a batch of segments counts once, so it may hide some.
        public var passedUnseen: UInt64
    }

    struct State: ~Copyable {
        var configuration: InstanceConfiguration
        var queues: [PacketQueue] = []
        var kstats: QueueKstats?
        var steering: SteeringTable?
        var timestamps: TimestampRequest?
        var taps: [NetworkEvent: ARPTap] = [:]
        var injector: InstanceInjector?
        var injectionKstat: InjectionKstat?
        /// What has hooks.
        var hooked: Set<SteeringTable.Point> = []
        /// Whether nothing is steered before hooks are complete.
        var isHeldBack: Bool
        var isClosed = false
        /// What is steered to queues, and what of it was unseen.
        var overload = OverloadAccount()

        /// What has become of the queues, and what passed them by.
        ///
        /// What was steered is asked first: a packet that comes in between then counts as seen twice, never as unseen. What
        /// is missed that way is found when less is under way.
        mutating func takeStock() -> [PacketQueue.Status] {
            let steered = steering?.countSteered()
            let statuses = queues.map(\.status)
            overload.note(steered: steered, seen: OverloadAccount.seen(statuses))
            return statuses
        }

        /// Begins to reckon anew, for other queues or other rules.
        mutating func beginStock() {
            let seen = OverloadAccount.seen(queues.map(\.status))
            overload.begin(steered: steering?.countSteered(), seen: seen)
        }
    }

    let monitor: InterfaceMonitor
    /// What comes back of the packets that NI_QUEUE_IN injects.
    let injected = InjectedPackets()
    let instance: Instance
    private let namespace: Namespace
    unowned let provider: LinuxProvider
    let state: Mutex<State>
    /// Held while the instance becomes another or ends, which may wait for pumps; before `state`, and never on a pump.
    let changing = Mutex(())

    init(
        instance: Instance, namespace: Namespace, configuration: InstanceConfiguration, monitor: InterfaceMonitor,
        provider: LinuxProvider
    ) {
        state = Mutex(State(configuration: configuration, isHeldBack: true))
        self.instance = instance
        self.namespace = namespace
        self.monitor = monitor
        self.provider = provider
    }

    var isClosing: NetiError { NetiError(.socketShutdown, "instance '\(instance.name)' is shutting down") }

    var status: Status {
        state.withLock { state in
            let queues = state.takeStock()
            return Status(
                namespace: namespace, identity: monitor.identity, configuration: state.configuration, queues: queues,
                mechanism: state.steering?.mechanism, interfaceLosses: monitor.losses,
                passedUnseen: state.overload.passedUnseen)
        }
    }

    func setInterested(_ interested: Bool, family: NetworkFamily, event: NetworkEvent) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else {
                if interested { throw isClosing }
                return
            }
            let point = SteeringTable.Point(family: family, event: event)
            let before = state.hooked
            if interested { state.hooked.insert(point) } else { state.hooked.remove(point) }
            guard !state.isHeldBack else { return }
            do throws(NetiError) {
                try follow(&state)
            } catch {
                if interested { state.hooked = before }
                throw error
            }
        }
    }

    /// Steers packets to whole chains at once, see ``LinuxProvider/startSteering(_:)``.
    func startSteering() throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed, state.isHeldBack else { return }
            state.isHeldBack = false
            if state.hooked.isEmpty {
                // Nothing is wanted here, so whoever else filters is welcome; only what a dead daemon left must go.
                try? makeSteering(state.configuration).steer([])
            } else {
                try follow(&state)
            }
        }
    }

    /// Steers packets to the chains that modules have made while the instance came up.
    func endHoldingBack() throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed, state.isHeldBack else { return }
            state.isHeldBack = false
            if !state.hooked.isEmpty { try follow(&state) }
        }
    }

    /// Makes it possible to inject packets, before a hook may want to or when somebody wants to first.
    func prepareInjection() throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else {
                throw isClosing
            }
            try prepareInjection(&state)
        }
    }

    private func prepareInjection(_ state: inout State) throws(NetiError) {
        guard state.injector == nil else { return }
        let injector = try InstanceInjector(
            instance, in: namespace, monitor: monitor, injected: injected, broker: provider.broker,
            canQueue: provider.queueInjectionRefusal == nil)
        do throws(NetiError) {
            try provider.injection.add(injector)
        } catch {
            provider.injection.remove(injector)
            throw error
        }
        state.injector = injector
        state.injectionKstat = InjectionKstat(
            of: instance.injection, netid: instance.netid, netinfo: provider.netinfo)
        instance.injection.attach(injector)
    }

    /// Brings rules and taps in step with the events that have hooks.
    private func follow(_ state: inout State) throws(NetiError) {
        try tap(Set(state.hooked.filter { $0.family == .arp }.map(\.event)), &state)
        let points = Set(state.hooked.filter { $0.family != .arp }.flatMap(\.sources))
        if state.steering == nil, !points.isEmpty {
            // Queues first: whoever holds the numbers owns the namespace, and a rule without a queue drops packets.
            let steering = try makeSteering(state.configuration)
            if state.configuration.timestamps { state.timestamps = try TimestampRequest() }
            // Hooks that inject nothing need not wait for what it takes.
            do throws(NetiError) {
                try prepareInjection(&state)
            } catch {
                provider.report(
                    NetiError(error.errno, "instance '\(instance.name)' can't inject packets yet: \(error.reason)"))
            }
            state.queues = try openQueues(Array(state.configuration.queueNumbers), state.configuration, beside: [])
            state.kstats = QueueKstats(of: state.queues, netid: instance.netid, netinfo: provider.netinfo)
            state.steering = steering
        }
        try state.steering?.steer(points)
    }

    private func tap(_ events: Set<NetworkEvent>, _ state: inout State) throws(NetiError) {
        for (event, tap) in state.taps where !events.contains(event) {
            // Without waiting for the pump, which may be about to leave the hook that goes.
            provider.pumps.abandon(tap)
            state.taps[event] = nil
        }
        for event in events where state.taps[event] == nil {
            let tap = try ARPTap(event, of: instance, in: namespace, broker: provider.broker)
            do throws(NetiError) {
                try provider.pumps.add(tap)
            } catch {
                provider.pumps.abandon(tap)
                throw error
            }
            state.taps[event] = tap
        }
    }

    private func makeSteering(_ configuration: InstanceConfiguration) throws(NetiError) -> SteeringTable {
        try SteeringTable(
            instance: instance.name, in: namespace, configuration: configuration, broker: provider.broker,
            passing: provider.passing)
    }

    func openQueues(
        _ numbers: [UInt16], _ configuration: InstanceConfiguration, beside present: [PacketQueue]
    ) throws(NetiError) -> [PacketQueue] {
        var opened: [PacketQueue] = []
        for number in numbers {
            opened.append(
                try PacketQueue(
                    number: number, instance: instance, accounts: (present + opened).first?.accounts,
                    injected: injected, in: namespace, zone: monitor.identity.inode, configuration: configuration,
                    broker: provider.broker))
        }
        do throws(NetiError) {
            for queue in opened { try provider.pumps.add(queue) }
        } catch {
            // Without waiting for the pumps: the caller may be a hook on one.
            for queue in opened { provider.pumps.abandon(queue) }
            throw error
        }
        return opened
    }
}
