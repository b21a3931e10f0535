// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

// Another configuration while the daemon runs.
//
// First everything is prepared that can be wrong: values of [daemon], modules with their files. Then changes are made in
// an order in which the ones that the kernel or others may refuse come while all can still be undone:
//
//   1. instances of namespaces that had none come up,
//   2. hooks of instances that go on change, at each event by one published chain,
//   3. instances whose namespace gets another name are made anew,
//   4. instances that nobody wants any more go.
//
// `following` is held meanwhile, so nothing comes or goes by itself.
extension Engine {
    /// What is asked for and runs at one moment, to go back to.
    ///
    /// It keeps the modules, and so the rules that files held, whatever becomes of the files.
    struct Checkpoint: Sendable {
        let configuration: Configuration
        let hooks: [String: HookSet]
    }

    /// Makes the running daemon what a configuration asks for, by the fewest changes: what is the same in both keeps its
    /// registration, counters and place.
    ///
    /// - Returns: what was changed, in the order of the configuration.
    /// - Throws: `ENOTSUP` when it needs a restart, and what modules, provider and registrations say. Everything is as
    ///   before then; only hooks that were to change, and instances that were to be made anew, may have begun to count
    ///   anew.
    func apply(_ new: Configuration) throws(NetiError) -> [ConfigurationChange] {
        try following.withLock { following throws(NetiError) in try apply(new, nil, &following) }
    }

    /// What ``apply(_:)`` would change; changes nothing.
    ///
    /// - Throws: as ``apply(_:)``, as far as it can be known without trying.
    func changes(to new: Configuration) throws(NetiError) -> [ConfigurationChange] {
        try following.withLock { following throws(NetiError) in try plan(new, nil).changes }
    }

    /// What is asked for and runs now.
    var checkpoint: Checkpoint {
        following.withLock { _ in
            let running = entries.compactMap { entry in entry.running.map { (entry.name, $0.hooks) } }
            return Checkpoint(
                configuration: configuration, hooks: Dictionary(running, uniquingKeysWith: { first, _ in first }))
        }
    }

    /// Goes back, as by ``apply(_:)``, with the modules of that time.
    func restore(_ checkpoint: Checkpoint) throws(NetiError) -> [ConfigurationChange] {
        try following.withLock { following throws(NetiError) in
            following.returning = checkpoint
            defer { following.returning = nil }
            return try apply(checkpoint.configuration, checkpoint, &following)
        }
    }

    /// - Parameter isEdit: whether a client changed a part of the configuration in force, so that hooks which it left
    ///   alone keep the rules that they have read and the values that they were given since, and stay off where they were
    ///   taken off because of trouble.
    func apply(
        _ new: Configuration, _ checkpoint: Checkpoint?, isEdit: Bool = false, _ following: inout Following
    ) throws(NetiError) -> [ConfigurationChange] {
        guard !isStopping else { throw Self.stopping }
        let plan = try plan(new, checkpoint, isEdit: isEdit)
        let old = configuration
        configuration = new
        var done = Undoing()
        do throws(NetiError) {
            try bringUpNew(insteadOf: old, &following, &done)
            for update in plan.updates {
                try update.running.install(update.after, keepsTakenOff: isEdit)
                progress()
                done.steps.append { [self] (_: inout Following) in
                    defer { progress() }
                    do throws(NetiError) {
                        try update.running.install(update.before, keepsTakenOff: true)
                    } catch {
                        let instance = update.running.instance
                        logger.critical(
                            """
                            instance '\(instance.name)': the change of another instance failed, and this one can't be put \
                            back, so it stays changed: \(error)
                            """,
                            metadata: ["instance": "\(instance.name)", "netid": "\(instance.netid)"])
                    }
                }
            }
            for remake in plan.remakes { try self.remake(remake, &following, &done) }
        } catch {
            configuration = old
            for step in done.steps.reversed() { step(&following) }
            throw error
        }
        settle(plan, &following)
        return plan.changes
    }

    /// How to take back what was done, in that order.
    private struct Undoing {
        var steps: [(inout Following) -> Void] = []
    }

    // MARK: Preparing

    /// Hooks of an instance that goes on.
    struct Update {
        let running: RunningInstance
        let before: HookSet
        let after: HookSet
    }

    /// An instance that is made anew under another name.
    struct Remake {
        let entry: InstanceEntry
        let running: RunningInstance
        let name: String
        let wanted: Configuration.Instance
    }

    struct Plan {
        var updates: [Update] = []
        var remakes: [Remake] = []
        var changes: [ConfigurationChange] = []
    }

    private static let stopping = NetiError(.socketShutdown, "the daemon is stopping")

    private func plan(
        _ new: Configuration, _ checkpoint: Checkpoint?, isEdit: Bool = false
    ) throws(NetiError) -> Plan {
        let refused = configuration.daemon.refusals(of: new.daemon)
        guard refused.isEmpty else {
            throw NetiError(.notSupported, refused.map { "daemon.\($0.key): \($0.message)" }.joined(separator: "\n"))
        }
        var plan = Plan(changes: configuration.changes(to: new))
        var digests = FileDigests(areIgnored: isEdit || checkpoint != nil)
        for entry in entries {
            // Reading the files of many hooks takes its time, and nothing has changed yet.
            guard !isStopping else { throw Self.stopping }
            guard let running = entry.running, var wanted = new.instance(for: entry) else { continue }
            if isEdit, let asked = configuration.instance(for: entry) {
                wanted.keepValues(of: running.hooks, since: asked)
            }
            let name = wanted.name(in: entry.namespace)
            if let then = checkpoint?.hooks[name] { wanted.keepValues(of: then) }
            let before = running.hooks
            guard name == entry.name else {
                plan.remakes.append(Remake(entry: entry, running: running, name: name, wanted: wanted))
                plan.changes.append(
                    ConfigurationChange(action: .remade, instance: name, details: ["it was '\(entry.name)'"]))
                // Its modules are made when it is; what they refuse has to be known now.
                _ = try running.prepare(wanted, from: checkpoint?.hooks[name], &digests)
                continue
            }
            var after = try running.prepare(wanted, from: checkpoint?.hooks[name], &digests)
            if isEdit { after.keepTakenOff(of: before) }
            guard !after.isSame(as: before) else { continue }
            plan.updates.append(Update(running: running, before: before, after: after))
            for change in before.changes(to: after) where !plan.changes.contains(where: { $0.covers(change) }) {
                plan.changes.append(change)
            }
        }
        return plan
    }

    // MARK: Doing

    /// Makes instances of namespaces that have none.
    private func bringUpNew(
        insteadOf old: Configuration, _ following: inout Following, _ done: inout Undoing
    ) throws(NetiError) {
        for name in directories.known where following.assignment.instance(ofPath: name.path) == nil {
            let netns = name.lastComponent
            // Who was passed over stays so unless another table is for it now.
            let table = configuration.instance(for: netns)
            guard let table,
                table.netns != old.instance(for: netns)?.netns || table.name != old.instance(for: netns)?.name
            else { continue }
            let instanceName = table.name ?? netns
            let before = entry(instanceName)
            let failure = add(name, &following)
            done.steps.append { [self] following in
                guard following.assignment.instance(ofPath: name.path) == instanceName else { return }
                _ = following.assignment.release(path: name.path)
                following.retries.forget(instanceName)
                end(instanceName)
                forget(instanceName)
                if let before { note(before.name, in: before.namespace, before.configuration, before.state) }
            }
            if let failure { throw failure }
        }
    }

    private func remake(
        _ remake: Remake, _ following: inout Following, _ done: inout Undoing
    ) throws(NetiError) {
        let (entry, hooks) = (remake.entry, remake.running.hooks)
        replace(entry.name, by: remake.name, in: entry.namespace, &following)
        let failure = bringUp(
            remake.name, in: entry.namespace, remake.wanted, earlier: hooks, &following)
        done.steps.append { [self] following in
            replace(remake.name, by: entry.name, in: entry.namespace, &following)
            let failure = bringUp(
                entry.name, in: entry.namespace, hooks.configuration, earlier: hooks, isReturn: true, &following)
            if let failure {
                logger.critical(
                    "instance '\(entry.name)': a change failed, and it can't be put back, so it is down: \(failure)",
                    metadata: ["instance": "\(entry.name)", "netid": "\(entry.netid)"])
            }
        }
        if let failure { throw failure }
    }

    /// Takes an instance down whose namespace another one gets.
    private func replace(_ name: String, by other: String, in namespace: Namespace, _ following: inout Following) {
        end(name)
        if let entry = entry(name) { kstatStore.release(netid: entry.netid, from: provider.netinfo.kstats) }
        following.retries.forget(name)
        if name != other {
            forget(name)
            if case .path(let path) = namespace { following.assignment.rename(path: path, to: other) }
        }
    }
}
