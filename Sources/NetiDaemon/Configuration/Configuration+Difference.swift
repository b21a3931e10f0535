// SPDX-License-Identifier: Apache-2.0

import Hooks
import Logging
import Neti
import NetiLinux

// What is different between two configurations, in the words of the file.
extension Configuration {
    /// What changes on the way to another configuration, as far as the texts tell: the process, then the instances in the
    /// order of the other file, then those that go.
    func changes(to other: Configuration) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        let details = daemon.differences(from: other.daemon)
        if !details.isEmpty { changes.append(ConfigurationChange(action: .changed, details: details)) }
        for instance in other.instances {
            if let before = instances.first(where: { $0.netns == instance.netns && $0.label == instance.label }) {
                changes += before.changes(to: instance)
            } else {
                changes.append(ConfigurationChange(action: .added, instance: instance.label))
                changes += instance.hooks.map {
                    ConfigurationChange(action: .added, instance: instance.label, hook: $0.name)
                }
            }
        }
        for instance in instances
        where !other.instances.contains(where: { $0.netns == instance.netns && $0.label == instance.label }) {
            changes.append(ConfigurationChange(action: .removed, instance: instance.label))
        }
        return changes
    }
}

extension Configuration.Daemon {
    /// The keys that can change while the daemon runs.
    private static let changeable = ["log-level", "state-interval"]

    /// The keys for which the daemon would have to be started again, and why.
    func refusals(of other: Self) -> [(key: String, message: String)] {
        Self.values.filter { !Self.changeable.contains($0.name) }.compactMap { name, text in
            let (before, after) = (text(self), text(other))
            if before == after { return nil }
            return (name, "can't change from \(before) to \(after) while the daemon runs; restart it for that")
        }
    }

    fileprivate func differences(from other: Self) -> [String] {
        differing(Self.values, self, other)
    }

    /// Every key with its value as a text.
    static var values: [(name: String, text: (Self) -> String)] {
        [
            ("control-socket", { $0.controlSocket.quoted }),
            ("control-group", { $0.controlGroup.map(\.quoted) ?? "none" }),
            ("pumps", { "\($0.pumps)" }),
            ("nap", { "\($0.nap)" }),
            ("log-level", { $0.logLevel.rawValue.quoted }),
            ("netns-directories", { "\($0.netnsDirectories)" }),
            ("max-kstats", { "\($0.maxKstats)" }),
            ("state-directory", { $0.stateDirectory.quoted }),
            ("state-interval", { "\($0.stateInterval)" }),
            ("metrics", { $0.metrics.map(\.text.quoted) ?? "none" }),
        ]
    }
}

extension Configuration.Instance {
    /// What changes on the way to another table for the same namespaces.
    func changes(to other: Self) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        var details = differences(from: other)
        let common = hooks.map(\.name).filter { name in other.hooks.contains { $0.name == name } }
        let order = other.hooks.map(\.name).filter(common.contains)
        if common != order { details.append("order of hooks \(common) -> \(order)") }
        if !details.isEmpty {
            changes.append(
                ConfigurationChange(action: .changed, instance: other.label, details: details))
        }
        for hook in other.hooks {
            guard let before = hooks.first(where: { $0.name == hook.name }) else {
                changes.append(ConfigurationChange(action: .added, instance: other.label, hook: hook.name))
                continue
            }
            let details = before.differences(from: hook)
            if before != hook {
                changes.append(
                    ConfigurationChange(action: .changed, instance: other.label, hook: hook.name, details: details))
            }
        }
        for hook in hooks where !other.hooks.contains(where: { $0.name == hook.name }) {
            changes.append(ConfigurationChange(action: .removed, instance: other.label, hook: hook.name))
        }
        return changes
    }

    private func differences(from other: Self) -> [String] {
        differing(Self.values, self, other)
    }

    /// Every key, but `name`, `netns` and the hooks, with its value as a text.
    static var values: [(name: String, text: (Self) -> String)] {
        [
            ("on-exit", { $0.queueing.onExit.rawValue.quoted }),
            ("ordering", { $0.ordering.rawValue.quoted }),
            ("queue", { "\($0.queueing.queue)" }),
            ("queues", { "\($0.queueing.queues)" }),
            ("queue-length", { "\($0.queueing.queueLength)" }),
            ("receive-buffer", { "\($0.queueing.receiveBuffer)" }),
            ("copy-range", { "\($0.queueing.copyRange)" }),
            ("fail-open", { "\($0.queueing.failOpen)" }),
            ("gso", { "\($0.queueing.gso)" }),
            ("uid-gid", { "\($0.queueing.uidGid)" }),
            ("conntrack", { "\($0.queueing.conntrack)" }),
            ("timestamps", { "\($0.queueing.timestamps)" }),
            ("priority-in", { "\($0.queueing.priorityIn)" }),
            ("priority-out", { "\($0.queueing.priorityOut)" }),
            ("priority-forward", { "\($0.queueing.priorityForward)" }),
            ("priority-loopback-out", { "\($0.queueing.priorityLoopbackOut)" }),
            ("priority-loopback-in", { "\($0.queueing.priorityLoopbackIn)" }),
            ("max-hooks", { "\($0.maxHooks)" }),
            ("injection-packets", { "\($0.injection.packets)" }),
            ("injection-bytes", { "\($0.injection.bytes)" }),
            ("injection-limit", { "\($0.injection.injections)" }),
        ]
    }
}

extension Configuration.Hook {
    fileprivate func differences(from other: Self) -> [String] {
        let values: [(String, (Self) -> String)] = [
            ("module", { $0.module.quoted }),
            ("events", { "\($0.events.map(\.rawValue))" }),
            ("families", { "\($0.families.map(\.rawValue))" }),
            ("hint", { "\($0.hint)".quoted }),
            ("on-failure", { $0.policy.onFailure.rawValue.quoted }),
            ("time-budget", { $0.policy.timeBudget.map { Duration.nanoseconds($0).exactForPeople } ?? "none" }),
            ("on-over-budget", { $0.policy.onOverBudget.rawValue.quoted }),
        ]
        let keys = Set(settings.keys).union(other.settings.keys).sorted()
        return differing(values, self, other)
            + differing(
                keys.map { key in (key, { $0.settings[key].map(\.quoted) ?? "none" }) }, self, other)
    }
}

/// `queues 1 -> 2` for each value that isn't the same in both.
private func differing<Table>(
    _ values: [(name: String, text: (Table) -> String)], _ one: Table, _ other: Table
) -> [String] {
    values.compactMap { name, text in
        let (before, after) = (text(one), text(other))
        return before == after ? nil : "\(name) \(before) -> \(after)"
    }
}

extension MetricsAddress {
    /// As the file spells it.
    fileprivate var text: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        }
    }
}
