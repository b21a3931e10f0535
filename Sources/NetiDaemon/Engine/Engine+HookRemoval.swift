// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

/// Hooks that failed or took too long and whose configuration wants them off the chain then.
extension Engine {
    /// Takes off whatever is to be taken off. Waits for the hooks that run, like all unregistering.
    func removeTroubledHooks() {
        for running in entries.compactMap(\.running) where running.configuration.removesHooks {
            running.removeTroubledHooks()
        }
    }
}

extension RunningInstance {
    /// Takes off whatever is to be taken off, unless hooks are changing: then the next time.
    fileprivate func removeTroubledHooks() {
        _ = arranging.withLockIfAvailable { _ in
            for (family, event, point) in instance.points {
                for hook in point.snapshot() where hook.trouble.isToBeRemoved { remove(hook, from: event, family) }
            }
        }
    }

    private func remove(_ hook: HookDescription, from event: NetworkEvent, _ family: NetworkFamily) {
        do throws(NetiError) {
            // That one, and none that somebody else has put in its place.
            try instance.protocolHandle(family).unregister(hook, from: event)
            let reason = hook.trouble.reason
            let takenOff = HookTakenOff(family: family, event: event, hook: hook, reason: reason)
            state.withLock { $0.set.takenOff.append(takenOff) }
            logger.error(
                "hook '\(hook.name)' was taken off \(family) \(event): \(reason)",
                metadata: [
                    "hook": "\(hook.name)", "instance": "\(instance.name)", "netid": "\(instance.netid)",
                ])
        } catch {
            // Its instance is going, or somebody else was quicker.
            logger.debug("hook '\(hook.name)' stays on \(family) \(event): \(error)")
        }
    }
}

extension HookTrouble {
    /// Why a hook is taken off, for a person.
    fileprivate var reason: String {
        guard overBudget == 0 else {
            return "it ran over its time budget, for \(Duration.nanoseconds(longest).forPeople)"
        }
        return "it failed, \(lastFailure.map { "\($0)" } ?? "for an unknown reason")"
    }
}

extension Configuration.Instance {
    fileprivate var removesHooks: Bool {
        hooks.contains { $0.policy.onFailure == .remove || $0.policy.onOverBudget == .remove }
    }
}

extension Instance {
    /// The events of all families that give hooks packets.
    var points: [(family: NetworkFamily, event: NetworkEvent, point: HookEvent<PacketEvent>)] {
        NetworkFamily.allCases.flatMap { family in
            family.events.map { (family, $0, protocolHandle(family).event($0)) }
        }
    }
}

/// Takes troubled hooks off, several times a second.
enum HookRemoval {
    private static let microseconds: UInt32 = 200_000

    /// Starts the thread that does it, until the engine stops. It is no task, for it may have to wait for a hook, and
    /// tasks that wait keep Swift's pool from running others.
    static func begin(for engine: Engine) throws(NetiError) {
        _ = try KernelThread(named: "neti-removal") {
            while !engine.isStopping {
                usleep(microseconds)
                engine.removeTroubledHooks()
            }
        }
    }
}
