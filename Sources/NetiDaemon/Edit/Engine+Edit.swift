// SPDX-License-Identifier: Apache-2.0

import Neti
import NetiControl
import Synchronization

/// Changes of the configuration by control clients, one at a time.
extension Engine {
    /// Makes another configuration of the current one and applies it, with nobody else changing it meanwhile.
    ///
    /// - Parameter change: Gets the current configuration; what it throws is thrown, and nothing is done then.
    func edit(_ change: (Configuration) throws(ControlError) -> Configuration) throws(ControlError) {
        try following.withLock { following throws(ControlError) in
            let new = try change(settledConfiguration)
            do throws(NetiError) {
                _ = try apply(new, nil, isEdit: true, &following)
            } catch {
                throw .failed(reason: error.reason)
            }
        }
    }

    /// Notes what `offer` has given to a client for the file.
    func offer<Result>(
        _ offer: (inout Configuration) throws(ControlError) -> Result
    ) throws(ControlError) -> Result {
        try following.withLock { _ throws(ControlError) in
            var configuration = settledConfiguration
            let result = try offer(&configuration)
            self.configuration = configuration
            return result
        }
    }

    /// What the configuration file is known to say: what a client was given to write counts from when it is there.
    var savedConfiguration: SavedConfiguration {
        let configuration = settledConfiguration
        return SavedConfiguration(current: configuration, instances: configuration.source?.file.instances)
    }
}

/// The configuration of the file beside the one in force.
struct SavedConfiguration {
    let current: Configuration
    /// The file's; nil where there is no file.
    let instances: [Configuration.Instance]?

    /// Whether the file has an instance's table as it is in force, hooks included.
    func has(_ entry: InstanceEntry) -> Bool {
        guard let instances else { return true }
        guard let table = instances.first(where: { $0.isFor(entry.configuration) }) else {
            return !entry.configuration.isConfigured
        }
        return table == entry.configuration
    }

    /// Whether the file has a hook of an instance as it is in force; true for what no configuration asked for.
    func has(hook name: String, of entry: InstanceEntry) -> Bool {
        guard let instances, let hook = entry.configuration.hooks.first(where: { $0.name == name }) else { return true }
        let table = instances.first { $0.isFor(entry.configuration) }
        return table?.hooks.contains(hook) ?? false
    }

    /// What was changed and not saved.
    var unsaved: [ConfigurationChange] {
        guard let instances else { return [] }
        var file = current
        file.instances = instances
        return file.changes(to: current)
    }

    /// What of that doesn't hold with another configuration.
    func discarded(by next: Configuration) -> [ConfigurationChange] {
        let differences = next.changes(to: current)
        return unsaved.filter { change in differences.contains { $0.covers(change) } }
    }
}

extension Configuration.Instance {
    /// Gives hooks the values that those of the same name ran with when this table was in force.
    mutating func keepValues(of running: HookSet) {
        keepValues(of: running, since: self)
    }

    /// Gives hooks the values that those of the same name run with, unless this table asks for others than `earlier` did.
    mutating func keepValues(of running: HookSet, since earlier: Self) {
        for index in hooks.indices {
            let hook = hooks[index]
            guard let before = earlier.hooks.first(where: { $0.name == hook.name }), before.module == hook.module,
                before.settings == hook.settings, let now = running.hook(named: hook.name)
            else { continue }
            hooks[index].settings = now.configuration.settings
        }
    }

    /// Whether both tables are for the same namespaces under the same name.
    fileprivate func isFor(_ other: Self) -> Bool {
        netns == other.netns && label == other.label
    }
}
