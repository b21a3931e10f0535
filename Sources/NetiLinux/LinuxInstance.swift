// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Synchronization
import SystemPackage

/// The queues and steering rules of one instance.
///
/// Queues are opened when the first hook comes and closed with the instance; rules come and go with the events that
/// have hooks.
public final class LinuxInstance: Sendable {
    /// What an administrator wants to know of an instance.
    public struct Status: Sendable {
        /// Where the instance is found.
        public var namespace: Namespace
        /// How packets are queued and steered.
        public var configuration: InstanceConfiguration
        /// One entry for each open queue.
        public var queues: [PacketQueue.Status]
        /// How the kernel was told to queue packets; nil while no rule exists.
        public var mechanism: SteeringMechanism?
    }

    private struct State: ~Copyable {
        var queues: [PacketQueue] = []
        var steering: SteeringTable?
        var timestamps: TimestampRequest?
        var isClosed = false
    }

    let links: LinkMonitor
    private let instance: Instance
    private let namespace: Namespace
    private let configuration: InstanceConfiguration
    private unowned let provider: LinuxProvider
    private let state = Mutex(State())

    init(
        instance: Instance, namespace: Namespace, configuration: InstanceConfiguration, links: LinkMonitor,
        provider: LinuxProvider
    ) {
        self.instance = instance
        self.namespace = namespace
        self.configuration = configuration
        self.links = links
        self.provider = provider
    }

    var status: Status {
        state.withLock { state in
            Status(
                namespace: namespace, configuration: configuration, queues: state.queues.map(\.status),
                mechanism: state.steering?.mechanism)
        }
    }

    func setInterested(_ interested: Bool, family: NetworkFamily, event: NetworkEvent) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else {
                if interested { throw NetiError(.socketShutdown, "instance '\(instance.name)' is shutting down") }
                return
            }
            if state.steering == nil {
                guard interested else { return }
                // Queues first: whoever holds the numbers owns the namespace, and a rule without a queue drops packets.
                let steering = try SteeringTable(
                    instance: instance.name, in: namespace, configuration: configuration, broker: provider.broker)
                if configuration.timestamps { state.timestamps = try TimestampRequest() }
                state.queues = try openQueues()
                state.steering = steering
            }
            guard let steering = state.steering else { return }
            try steering.setSteered(interested, family: family, event: event)
        }
    }

    func close() {
        let (queues, steering) = state.withLock { state in
            state.isClosed = true
            defer {
                state.queues = []
                state.steering = nil
                state.timestamps = nil
            }
            return (state.queues, state.steering)
        }
        if configuration.onExit == .open { steering?.clear() }
        for queue in queues { queue.drain() }
        for queue in queues { provider.pumps.remove(queue) }
    }

    private func openQueues() throws(NetiError) -> [PacketQueue] {
        var opened: [PacketQueue] = []
        do throws(NetiError) {
            for number in configuration.queueNumbers {
                let queue = try PacketQueue(
                    number: number, instance: instance, in: namespace, configuration: configuration,
                    broker: provider.broker)
                provider.pumps.add(queue)
                opened.append(queue)
            }
            return opened
        } catch {
            for queue in opened { provider.pumps.remove(queue) }
            throw error
        }
    }
}
