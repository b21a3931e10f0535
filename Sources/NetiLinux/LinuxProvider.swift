// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
public import Hooks
public import Neti
import Synchronization
import SystemPackage

/// Brings the packets of Linux network namespaces to the hooks of instances.
///
/// # Who does what
///
/// - The *broker* thread enters namespaces and opens sockets there.
/// - *Pump* threads turn the queues of all instances: receive a batch, run the hooks, send the verdicts.
/// - The *injection* thread delivers packets that hooks and programs inject.
/// - The *watch* thread hears of interfaces and namespaces that come and go, and runs the hooks of `NIC_EVENTS`.
/// - Everything else happens on the thread of the caller, which may block for a moment.
public final class LinuxProvider: NetworkProvider {
    /// The instances whose packets are provided.
    public let netinfo: Netinfo

    let broker: NamespaceBroker
    let pumps: PumpGroup
    let watch: Watch
    let injection: InjectionThread
    let captures: CaptureSwitch
    let passing = PassingPackets()
    /// How many pumps there are.
    let lanes: Int

    /// Why this kernel can do neither NI_QUEUE_IN nor NI_QUEUE_OUT; nil if it can.
    public let queueInjectionRefusal: String?

    private let interfaceEvents: InterfaceEvents
    private let instances = Mutex<[NetID: LinuxInstance]>([:])
    private let isStopped = Atomic(false)
    let report: @Sendable (NetiError) -> Void

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - pumps: threads that turn queues, 1 to 64.
    ///   - nap: nanoseconds that a pump lets a busy queue fill before it looks; 0 for never.
    ///   - maximumKstats: kstats that there can be at a time.
    ///   - report: told of what goes wrong where nobody waits for an answer, on any thread.
    ///   - observe: told of every interface event, whether or not hooks are on it and whatever they answer, on the watch
    ///     thread; must be short.
    /// - Throws: when threads or descriptors run out; no thread is left then.
    public init(
        pumps: Int, nap: Int64 = 80_000, maximumKstats: Int = 1 << 20,
        report: @escaping @Sendable (NetiError) -> Void = { _ in },
        observe: @escaping @Sendable (NICEvent, Instance) -> Void = { _, _ in }
    ) throws(NetiError) {
        // Beside the pumps the watch thread runs hooks, those of NIC_EVENTS; lanes are the pumps' alone, so they come first.
        let netinfo = Netinfo(readers: pumps + 1, maximumKstats: maximumKstats)
        let captures = CaptureSwitch(publication: netinfo.publication)
        let broker = try NamespaceBroker()
        do throws(NetiError) {
            let group = try PumpGroup(count: pumps, nap: nap, captures: captures, publication: netinfo.publication)
            do throws(NetiError) {
                interfaceEvents = try InterfaceEvents(netinfo.publication, observer: observe)
                watch = try Watch()
                do throws(NetiError) {
                    injection = try InjectionThread(broker)
                } catch {
                    watch.stop()
                    throw error
                }
            } catch {
                group.stop()
                throw error
            }
            self.pumps = group
        } catch {
            broker.stop()
            throw error
        }
        queueInjectionRefusal = Self.queueInjectionRefusal(LiveFrames.probe())
        lanes = pumps
        self.captures = captures
        self.netinfo = netinfo
        self.broker = broker
        self.report = report
    }

    /// Makes a namespace an instance.
    ///
    /// Modules are told and protocols appear before this returns (``Netinfo/addInstance(named:settings:prepare:)``);
    /// what hooks they register meets packets when the instance is complete. No packet is steered before the first hook.
    /// - Parameter isHeldBack: whether none is steered before ``startSteering(_:)`` either.
    /// - Throws: `EINVAL` when there are no such queue numbers, `EEXIST` when an instance of that name is alive, `ENOENT`
    ///   when the namespace isn't there, `EDEADLK` from inside a hook or a callback, and what ``startSteering(_:)`` throws
    ///   for hooks that modules have registered. There is no instance then.
    public func addInstance(
        named name: String, in namespace: Namespace, configuration: InstanceConfiguration = InstanceConfiguration(),
        ordering: Ordering = .documented, maximumHooks: Int = 64, injection: InjectionLimits = InjectionLimits(),
        isHeldBack: Bool = false
    ) throws(NetiError) -> Instance {
        guard configuration.hasQueueNumbers else {
            throw NetiError(
                .invalidArgument,
                "instance '\(name)': there are no \(configuration.queues) + 2 queues from \(configuration.queue) on")
        }
        let monitor = try InterfaceMonitor(in: namespace, broker: broker, readers: netinfo.publication)
        let settings = Instance.Settings(
            ordering: ordering, maximumHooks: maximumHooks, injection: injection, provider: self,
            interfaces: monitor.table)
        let instance = try netinfo.addInstance(named: name, settings: settings) { instance in
            let linux = LinuxInstance(
                instance: instance, namespace: namespace, configuration: configuration, monitor: monitor,
                provider: self)
            instances.withLock { $0[instance.netid] = linux }
        }
        do throws(NetiError) {
            try watch.add(monitor.socket) { [interfaceEvents] in
                interfaceEvents.deliver(monitor.read(in: instance.netid), to: instance)
            }
            if !isHeldBack { try instances.withLock { $0[instance.netid] }?.endHoldingBack() }
        } catch {
            try removeInstance(instance)
            throw error
        }
        return instance
    }

    /// Ends the holding back of an instance whose hooks are complete.
    ///
    /// Its steering rules appear all at once, so no packet meets half a chain, and replace those that a dead daemon left,
    /// so none slips between the two.
    /// - Throws: `EBUSY` when another process filters the namespace or holds a queue number, `EEXIST` when somebody else
    ///   made a table `neti` or `neti-2` there, and what the kernel answers.
    public func startSteering(_ instance: Instance) throws(NetiError) {
        try instances.withLock { $0[instance.netid] }?.startSteering()
    }

    /// Changes how an instance's packets are queued, while they flow: none is lost, and none of those that flow passes unseen.
    ///
    /// - Where ``InstanceConfiguration/onExit`` or a priority changes, packets may be shown to hooks twice for some 20 ms,
    ///   at the former place in netfilter and at the new one.
    /// - Where a priority becomes a lower one, what has stopped between the new place and the former one passes unseen: a
    ///   packet in another program's queue there, and a datagram of which a part lay in the kernel's reassembly, at -400.
    ///   Of the latter hooks see the fragments that come afterwards, and never the whole.
    /// - Where ``InstanceConfiguration/queue`` changes so that the numbers overlap, a queue may be for other packets than
    ///   before; then what waits there, and what is on its way, is told with the ``PacketEvent/flags`` of the wrong kind.
    /// - Throws: `EINVAL` when there are no such queue numbers, `EBUSY` when somebody holds one, `ENOTSUP` when the kernel
    ///   lacks a feature, `EDEADLK` from inside a hook or a callback, and what the kernel answers. Nothing has changed then.
    public func reconfigure(_ instance: Instance, _ configuration: InstanceConfiguration) throws(NetiError) {
        try netinfo.refuseInsideCallbacks("instance '\(instance.name)' can't be changed")
        try instances.withLock { $0[instance.netid] }?.reconfigure(configuration)
    }

    /// Takes an instance down: steering rules out, waiting packets answered, queues closed; then its protocols go, and
    /// callbacks and modules are told (``Netinfo/removeInstance(_:)``), so that no packet meets half a chain.
    ///
    /// With ``InstanceConfiguration/OnExit/closed`` the steering rules stay, so that nothing passes.
    /// - Throws: `EDEADLK` from inside a hook or a callback; nothing has changed then.
    public func removeInstance(_ instance: Instance) throws(NetiError) {
        try netinfo.refuseInsideCallbacks("instance '\(instance.name)' can't be removed")
        if let linux = instances.withLock({ $0.removeValue(forKey: instance.netid) }) {
            watch.remove(linux.monitor.socket)
            linux.close()
        }
        try netinfo.removeInstance(instance)
    }

    /// Calls `action` on the watch thread each time names of namespaces may have changed, until the provider stops.
    ///
    /// It has to ask for the changes (``NamespaceDirectories/changes(_:)``), or is called again at once.
    /// - Throws: `ENOMEM`, `ENOSPC` when they can't be watched.
    public func watch(
        _ directories: NamespaceDirectories, _ action: @escaping @Sendable () -> Void
    ) throws(NetiError) {
        try watch.add(directories.folders.descriptor) { action() }
        // Always readable; that something has changed is told as urgent.
        try watch.add(directories.mounts, for: CLNX_PRIORITY) {
            directories.noteMounts()
            action()
        }
    }

    /// What is known of an instance beyond its hooks: its queues and how packets get there.
    public func status(of instance: Instance) -> LinuxInstance.Status? {
        instances.withLock { $0[instance.netid] }?.status
    }

    /// Names of the threads that have not come back from their packets since this was asked last: `neti-pump-N`, which a
    /// hook that doesn't return keeps, and `neti-inject`. Never waits; for one caller, at intervals that are long for a
    /// batch of packets.
    public func threadsStandingStill() -> [String] {
        pumps.standingStill() + (injection.hasTurned() ? [] : ["neti-inject"])
    }

    /// Takes all instances down and ends the threads, once; no instance can be added afterwards. Not for hooks and
    /// callbacks, which run on these threads.
    public func stop() {
        guard !isStopped.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for instance in netinfo.instances { try? removeInstance(instance) }
        watch.stop()
        pumps.stop()
        injection.stop()
        broker.stop()
    }

    /// Makes it possible to inject packets into an instance (``NetworkProvider``).
    public func prepareInjection(in netid: NetID) throws(NetiError) {
        guard let linux = instances.withLock({ $0[netid] }) else {
            throw NetiError(.socketShutdown, "instance \(netid) is shutting down")
        }
        try linux.prepareInjection()
    }

    private static func queueInjectionRefusal(_ error: Errno?) -> String? {
        switch error {
        case nil: nil
        case .invalidArgument?: "this kernel has no live frames (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18)"
        case .notPermitted?: "CAP_BPF or CAP_NET_ADMIN is missing"
        case .noFunction?: "this kernel was built without bpf(2)"
        case let error?: "live frames don't work: \(error)"
        }
    }

    /// Opens queues and puts steering rules in or out (``NetworkProvider``).
    public func setInterested(
        _ interested: Bool, in netid: NetID, family: NetworkFamily, event: NetworkEvent
    ) throws(NetiError) {
        guard let linux = instances.withLock({ $0[netid] }) else {
            // The instance is on its way out and its rules are gone already.
            if interested { throw NetiError(.socketShutdown, "instance \(netid) is shutting down") }
            return
        }
        do throws(NetiError) {
            try linux.setInterested(interested, family: family, event: event)
        } catch {
            // An unregistering succeeds whatever becomes of the rules, and its caller never hears of this.
            if !interested { report(NetiError(error.errno, "\(family)/\(event) keeps its rules: \(error.reason)")) }
            throw error
        }
    }
}
