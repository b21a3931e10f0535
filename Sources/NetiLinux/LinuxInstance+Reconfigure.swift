// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import Synchronization
import SystemPackage

// Queues that change while packets flow: new ones are opened first, then the rules change all at once, and the old ones are
// closed when what waits there is answered.
extension LinuxInstance {
    /// Changes how packets are queued, see ``LinuxProvider/reconfigure(_:_:)``.
    func reconfigure(_ new: InstanceConfiguration) throws(NetiError) {
        let former = try state.withLock { state throws(NetiError) -> [PacketQueue] in
            guard !state.isClosed else {
                throw NetiError(.socketShutdown, "instance '\(instance.name)' is shutting down")
            }
            guard new.hasQueueNumbers, state.configuration.canChange(to: new) else {
                throw NetiError(.invalidArgument, "instance '\(instance.name)' would have to be made anew")
            }
            guard let steering = state.steering else {
                state.configuration = new
                return []
            }
            return try reconfigure(new, steering, &state)
        }
        guard !former.isEmpty else { return }
        // A processor may still be in the old rules when the new ones are there: so an empty queue has to stay empty.
        for _ in 0..<2 {
            for queue in former { queue.drain(until: .now + .milliseconds(250)) }
            usleep(10_000)
        }
        for queue in former { provider.pumps.remove(queue) }
    }

    /// Returns the queues that are not used any more.
    private func reconfigure(
        _ new: InstanceConfiguration, _ steering: SteeringTable, _ state: inout State
    ) throws(NetiError) -> [PacketQueue] {
        let old = state.configuration
        let kept = state.queues.filter { new.queueNumbers.contains($0.number) }
        var timestamps = state.timestamps
        if !new.timestamps { timestamps = nil } else if timestamps == nil { timestamps = try TimestampRequest() }
        let opened = try openQueues(new.queueNumbers.filter { !old.queueNumbers.contains($0) }, new)
        do throws(NetiError) {
            for queue in kept { try change(queue, from: old, to: new) }
            try steering.reconfigure(new)
        } catch {
            for queue in kept { try? change(queue, from: new, to: old) }
            for queue in opened { provider.pumps.remove(queue) }
            throw error
        }
        let former = state.queues.filter { !new.queueNumbers.contains($0.number) }
        state.configuration = new
        state.timestamps = timestamps
        if !opened.isEmpty || !former.isEmpty {
            state.queues = (kept + opened).sorted { $0.number < $1.number }
            state.kstats?.delete()
            state.kstats = QueueKstats(of: state.queues, netid: instance.netid, netinfo: provider.netinfo)
        }
        state.beginStock()
        return former
    }

    private func change(
        _ queue: PacketQueue, from old: InstanceConfiguration, to new: InstanceConfiguration
    ) throws(NetiError) {
        try queue.reconfigure(new)
        guard queue.changesRole(from: old, to: new) else { return }
        // Packets wait in the kernel for the moment. Those that were there before are taken for what comes from now on.
        provider.pumps.remove(queue)
        queue.setRole(new)
        try provider.pumps.add(queue)
    }
}
