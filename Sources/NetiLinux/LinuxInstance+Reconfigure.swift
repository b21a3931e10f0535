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
            var touched: [PacketQueue] = []
            do throws(NetiError) {
                for queue in change.kept {
                    // Also one that refuses, for its receive buffer may be another by then.
                    touched.append(queue)
                    try queue.reconfigure(new)
                }
                try complete(change)
            } catch {
                restore(touched, change.old)
                leave(change.opened)
                throw error
            }
            leave(change.former)
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
            // As near as can be to the moment at which the rules changed: what the queue held then counts as the new kind.
            for queue in change.kept {
                queue.setRole(change.new)
                provider.pumps.weigh(queue)
            }
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

    private func restore(_ queues: [PacketQueue], _ configuration: InstanceConfiguration) {
        for queue in queues {
            do throws(NetiError) {
                try queue.reconfigure(configuration)
            } catch {
                provider.report(
                    NetiError(error.errno, "queue \(queue.number) keeps settings that were refused: \(error.reason)"))
            }
        }
    }

    /// Closes queues to which no rule leads any more, when what is on its way there has come and is answered.
    private func leave(_ queues: [PacketQueue]) {
        guard !queues.isEmpty else { return }
        provider.passing.wait()
        let deadline = ContinuousClock.now + .milliseconds(250)
        for queue in queues { queue.drain(until: deadline) }
        for queue in queues { provider.pumps.remove(queue) }
    }
}
