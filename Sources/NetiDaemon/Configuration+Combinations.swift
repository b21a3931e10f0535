// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux

/// Values that are right one by one and impossible together.
extension Configuration {
    /// Reports each impossible combination at the value that would have to change.
    func checkCombinations(report: (ConfigurationPath, String) -> Void) {
        let root = ConfigurationPath().appending("instance")
        for (index, instance) in instances.enumerated() {
            let path = root.appending(index)
            checkNames(of: instance, at: path, earlier: instances[..<index], report: report)
            instance.checkQueueNumbers { report(path.appending($0), $1) }
            for (index, hook) in instance.hooks.enumerated() {
                let path = path.appending("hook").appending(index)
                if let (key, message) = instance.refusal(of: hook, earlier: instance.hooks[..<index]) {
                    report(path.appending(key), message)
                }
            }
        }
    }

    private func checkNames(
        of instance: Instance, at path: ConfigurationPath, earlier: ArraySlice<Instance>,
        report: (ConfigurationPath, String) -> Void
    ) {
        if let other = earlier.firstIndex(where: { $0.netns.overlaps(instance.netns) }) {
            switch instance.netns {
            case .own: report(path.appending("name"), "instance[\(other)] is the daemon's own namespace already")
            case .named, .matching: report(path.appending("netns"), "instance[\(other)] has this namespace already")
            }
        } else if let name = instance.name, let other = earlier.firstIndex(where: { $0.name == name }) {
            report(path.appending("name"), "instance[\(other)] is called \(name.quoted) already")
        }
    }
}

extension Configuration.Instance {
    private static let highestQueue = 65_535

    fileprivate func checkQueueNumbers(report: (String, String) -> Void) {
        let last = Int(queueing.queue) + queueing.queues + 1
        guard last > Self.highestQueue else { return }
        report(
            "queue",
            "\(queueing.queue) is too high: with queues = \(queueing.queues) the last queue would be \(last), "
                + "the highest there is is \(Self.highestQueue)")
    }

    /// Why a hook can't be registered after the ones above it: the key to change and the reason.
    fileprivate func refusal(
        of hook: Configuration.Hook, earlier: ArraySlice<Configuration.Hook>
    ) -> (key: String, message: String)? {
        if !hook.name.isEmpty, earlier.contains(where: { $0.name == hook.name }) {
            return ("name", "another hook of this instance is called \(hook.name.quoted) already")
        }
        // Behind a hook that is wrong by itself nothing certain can be said.
        if earlier.contains(where: { $0.name.isEmpty || $0.events.isEmpty }) { return nil }
        for event in hook.events {
            for family in hook.families {
                let chain = earlier.filter { $0.events.contains(event) && $0.families.contains(family) }
                let place = "\(event) of \(family)"
                if chain.count >= maxHooks {
                    return ("events", "\(place) has \(maxHooks) hooks already, as many as max-hooks allows")
                }
                if ordering == .documented, let reason = hook.hint.refusal(behind: chain) {
                    return ("hint", "\(reason) on \(place)")
                }
            }
        }
        return nil
    }
}

extension Hooks.Hint {
    /// Why the manual's ordering refuses the hint on a chain of these hooks: `EBUSY` or `ESRCH` at registration.
    fileprivate func refusal(behind chain: [Configuration.Hook]) -> String? {
        func holder(of hint: Self) -> String? { chain.first { $0.hint == hint }?.name.quoted }
        guard let target else {
            switch self {
            case .first: return holder(of: .first).map { "hook \($0) is first already" }
            case .last: return holder(of: .last).map { "hook \($0) is last already" }
            default: return nil
            }
        }
        guard let hook = chain.first(where: { $0.name == target }) else {
            return "there is no hook \(target.quoted) above this one"
        }
        if self == .before(target), hook.hint == .first { return "hook \(target.quoted) wants to be first" }
        if self == .after(target), hook.hint == .last { return "hook \(target.quoted) wants to be last" }
        return nil
    }
}

extension Configuration.Instance.Netns {
    /// Whether a namespace is certain to belong to both; two different globs may still meet in one that is yet to come.
    fileprivate func overlaps(_ other: Self) -> Bool {
        switch (self, other) {
        // Stands for a value that has been reported.
        case (.named(""), _), (_, .named("")): false
        case (.named(let name), _): other.contains(name)
        case (_, .named(let name)): contains(name)
        default: self == other
        }
    }
}
