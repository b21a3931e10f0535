// SPDX-License-Identifier: Apache-2.0

import Hooks
import NetiControl

/// The tables that a control client means by a name.
extension Configuration {
    /// The number of the table of an instance: by its name or, where it has none, its glob.
    ///
    /// - Parameter hook: without a name the only table that has such a hook, or for nil the only one there is.
    func tableNumber(_ name: String?, withHook hook: String? = nil) throws(ControlError) -> Int {
        guard let name else { return try onlyTable(withHook: hook) }
        if let number = instances.firstIndex(where: { $0.label == name }) { return number }
        if case .matching(let glob)? = instances.first(where: { $0.netns.contains(name) })?.netns {
            throw .invalidArgument(
                "instance",
                reason: "'\(name)' has no table of its own in the configuration but shares that of '\(glob)'")
        }
        throw .noSuchInstance(name)
    }

    private func onlyTable(withHook hook: String?) throws(ControlError) -> Int {
        let found = instances.indices.filter { number in
            hook == nil || instances[number].hooks.contains { $0.name == hook }
        }
        if found.count == 1 { return found[0] }
        let which = hook.map { " with a hook '\($0)'" } ?? ""
        if found.isEmpty {
            let argument = hook == nil ? "instance" : "hook"
            throw .invalidArgument(argument, reason: "the configuration has no instance\(which)")
        }
        let names = found.map { "'\(instances[$0].label)'" }.joined(separator: ", ")
        throw .invalidArgument("instance", reason: "there are several\(which): \(names)")
    }

    /// The number of a hook in its table.
    func hookNumber(_ hook: String, inTable number: Int) throws(ControlError) -> Int {
        if let found = instances[number].hooks.firstIndex(where: { $0.name == hook }) { return found }
        throw .invalidArgument("hook", reason: "instance '\(instances[number].label)' has no hook '\(hook)'")
    }
}
