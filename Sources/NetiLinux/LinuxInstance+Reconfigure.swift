// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import Synchronization
import SystemPackage

// Queues and rules that change while packets flow: new queues are opened first, then the rules change, and the old queues
// are closed when what waits there is answered.
//
// That waits for pumps, and a pump may be inside a hook that registers another one, which takes the lock of `state`: so
// that lock isn't held meanwhile. `changing` is.
extension LinuxInstance {
    /// Changes how packets are queued, see ``LinuxProvider/reconfigure(_:_:)``.
    func reconfigure(_ new: InstanceConfiguration) throws(NetiError) {
        try changing.withLock { _ throws(NetiError) in
            guard let change = try begin(new) else { return }
            do throws(NetiError) {
                for queue in change.kept { try self.change(queue, from: change.old, to: new) }
                try complete(change)
            } catch {
                takeBack(change)
                throw error
            }
            guard !change.former.isEmpty else { return }
            // A processor may still be in the old rules when the new ones are there: so an empty queue has to stay empty.
            for _ in 0..<2 {
                for queue in change.former { queue.drain(until: .now + .milliseconds(250)) }
                usleep(10_000)
            }
            for queue in change.former { provider.pumps.remove(queue) }
        }
    }

    private struct Change {
        let old: InstanceConfiguration
        let new: InstanceConfiguration
        let steering: SteeringTable
        let timestamps: TimestampRequest?
        /// Queues that stay, those that come, and those that go.
        let kept: [PacketQueue]
        let opened: [PacketQueue]
        let former: [PacketQueue]
    }

    /// Opens what is new; nil when there are no queues yet, and nothing more to do.
    private func begin(_ new: InstanceConfiguration) throws(NetiError) -> Change? {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else { throw isClosing }
            guard new.hasQueueNumbers else {
                throw NetiError(
                    .invalidArgument,
                    "instance '\(instance.name)': there are no \(new.queues) + 2 queues from \(new.queue) on")
            }
            let old = state.configuration
            guard let steering = state.steering else {
                state.configuration = new
                return nil
            }
            var timestamps = state.timestamps
            if !new.timestamps { timestamps = nil } else if timestamps == nil { timestamps = try TimestampRequest() }
            return Change(
                old: old, new: new, steering: steering, timestamps: timestamps,
                kept: state.queues.filter { new.queueNumbers.contains($0.number) },
                opened: try openQueues(
                    new.queueNumbers.filter { !old.queueNumbers.contains($0) }, new, beside: state.queues),
                former: state.queues.filter { !new.queueNumbers.contains($0.number) })
        }
    }

    /// Steers to the queues of now, which are the instance's from then on.
    private func complete(_ change: Change) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else { throw isClosing }
            try change.steering.reconfigure(change.new)
            state.configuration = change.new
            state.timestamps = change.timestamps
            if !change.opened.isEmpty || !change.former.isEmpty {
                state.queues = (change.kept + change.opened).sorted { $0.number < $1.number }
                state.kstats?.delete()
                state.kstats = QueueKstats(of: state.queues, netid: instance.netid, netinfo: provider.netinfo)
            }
            state.beginStock()
        }
    }

    private func takeBack(_ change: Change) {
        for queue in change.kept {
            do throws(NetiError) {
                try self.change(queue, from: change.new, to: change.old)
            } catch {
                provider.report(
                    NetiError(error.errno, "queue \(queue.number) keeps settings that were refused: \(error.reason)"))
            }
        }
        for queue in change.opened { provider.pumps.remove(queue) }
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
