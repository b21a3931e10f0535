// SPDX-License-Identifier: Apache-2.0

import Hooks
import Logging
import Neti

/// Tells the log which hooks failed or ran over their time budgets, once in an interval.
///
/// Used by one task.
struct TroubleReport {
    private struct Key: Hashable {
        let netid: NetID
        let family: NetworkFamily
        let event: NetworkEvent
        let registration: UInt64
    }

    private var told: [Key: HookTrouble] = [:]

    /// Looks at all hooks and tells what has gone wrong since the last look.
    mutating func look(at engine: Engine, logger: Logger) {
        var seen: [Key: HookTrouble] = [:]
        for instance in engine.entries.compactMap(\.running?.instance) {
            for (family, event, point) in instance.points {
                for hook in point.snapshot() where hook.trouble != HookTrouble() {
                    let key = Key(netid: instance.netid, family: family, event: event, registration: hook.registration)
                    seen[key] = hook.trouble
                    for sentence in Self.sentences(hook, since: told[key] ?? HookTrouble()) {
                        logger.warning(
                            "hook '\(hook.name)' on \(family) \(event) \(sentence)",
                            metadata: [
                                "hook": "\(hook.name)", "instance": "\(instance.name)", "netid": "\(instance.netid)",
                            ])
                    }
                }
            }
        }
        told = seen
    }

    /// What is new about one hook.
    static func sentences(_ hook: HookDescription, since before: HookTrouble) -> [String] {
        let now = hook.trouble
        var sentences: [String] = []
        if now.failures > before.failures {
            let error = now.lastFailure.map { ", the last time with '\($0)'" } ?? ""
            sentences.append(
                "failed \(times(now.failures - before.failures))\(error); "
                    + (hook.policy.onFailure == .drop ? "its packets were dropped" : "its packets went on without it"))
        }
        if now.overBudget > before.overBudget, let budget = hook.policy.timeBudget {
            sentences.append(
                "ran over its time budget of \(Duration.nanoseconds(budget).forPeople) "
                    + "\(times(now.overBudget - before.overBudget)); its longest run took "
                    + Duration.nanoseconds(now.longest).forPeople)
        }
        if now.skipped > before.skipped {
            let count = now.skipped - before.skipped
            let packets = count == 1 ? "one packet" : "\(count) packets"
            sentences.append("was passed over by \(packets) for running over its time budget")
        }
        return sentences
    }

    private static func times(_ count: UInt64) -> String { count == 1 ? "once" : "\(count) times" }
}
