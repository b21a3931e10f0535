// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux
import SystemPackage

/// Values that are right one by one and impossible together.
extension Configuration {
    /// Reports each impossible combination at the value that would have to change.
    func checkCombinations(modules: [any HookModule.Type], report: (ConfigurationPath, String) -> Void) {
        let root = ConfigurationPath().appending("instance")
        for (index, instance) in instances.enumerated() {
            let path = root.appending(index)
            checkNames(of: instance, at: path, earlier: instances[..<index], report: report)
            instance.checkQueueNumbers { report(path.appending($0), $1) }
            instance.checkHooks(modules: modules) { report(path.appending("hook").appending($0).appending($1), $2) }
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
    fileprivate func checkQueueNumbers(report: (String, String) -> Void) {
        let last = Int(queueing.queue) + queueing.queues + 1
        guard last > UInt16.max else { return }
        report(
            "queue",
            "\(queueing.queue) is too high: with queues = \(queueing.queues) the last queue would be \(last), "
                + "the highest there is is \(UInt16.max)")
    }

    /// Registers the hooks on events that nobody runs, as the daemon will on real ones: what is refused here would keep
    /// the daemon from starting.
    fileprivate func checkHooks(modules: [any HookModule.Type], report: (Int, String, String) -> Void) {
        var events: [String: HookEvent<Void>] = [:]
        for (index, hook) in hooks.enumerated() {
            // Behind a hook that is wrong by itself, which has been reported, nothing certain can be said.
            if hook.name.isEmpty || hook.events.isEmpty { return }
            if hooks[..<index].contains(where: { $0.name == hook.name }) {
                report(index, "name", "another hook of this instance is called \(hook.name.quoted) already")
                continue
            }
            if let (key, message) = hook.misplacement(modules: modules) ?? refusal(of: hook, on: &events) {
                report(index, key, message)
            }
        }
    }

    /// The first event that refuses the hook: the key to change and the reason.
    private func refusal(
        of hook: Configuration.Hook, on events: inout [String: HookEvent<Void>]
    ) -> (key: String, message: String)? {
        for family in hook.families {
            for name in hook.events {
                let place = "\(family)/\(name)"
                let event =
                    events[place]
                    ?? HookEvent(
                        family: family.rawValue, name: name.rawValue, ordering: ordering,
                        publication: Publication(readers: 1), limit: maxHooks, interest: { _ in })
                events[place] = event
                do throws(HookError) {
                    try event.register(Hook(name: hook.name, hint: hook.hint) { _ in .pass })
                } catch {
                    return (error.errno == .noMemory ? "events" : "hint", "\(place): \(error.message)")
                }
            }
        }
        return nil
    }
}

extension Configuration.Hook {
    /// The first event that isn't there, or where the module has nothing to do: the key to change and the reason.
    fileprivate func misplacement(modules: [any HookModule.Type]) -> (key: String, message: String)? {
        let type = modules.first { $0.moduleName == module }
        for family in families {
            for event in events {
                guard family.events.contains(event) else {
                    let those = family.events.map(\.rawValue).joined(separator: " and ")
                    return ("families", "\(family) has no \(event), only \(those)")
                }
                if let (key, reason) = type?.refusal(family: family, event: event) {
                    return (key.rawValue, "\(family)/\(event): \(reason)")
                }
            }
        }
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
