// SPDX-License-Identifier: Apache-2.0

import Hooks
import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

// Changing hooks while packets flow.
extension RunningInstance {
    /// Makes everything that hooks of another configuration need, and changes nothing.
    ///
    /// - Parameters:
    ///   - earlier: hooks whose modules go on where they can, beside those of now.
    ///   - digests: what files say. If it is ignored, earlier hooks come before those of now.
    /// - Throws: what a module said.
    func prepare(
        _ configuration: Configuration.Instance, from earlier: HookSet? = nil, _ digests: inout FileDigests
    ) throws(NetiError) -> HookSet {
        var set = HookSet(configuration: configuration)
        let now = hooks
        for hook in configuration.hooks {
            var candidates = [now.hook(named: hook.name), earlier?.hook(named: hook.name)].compactMap(\.self)
            if digests.areIgnored { candidates.reverse() }
            var made: InstalledHook?
            for candidate in candidates where made == nil {
                // A stamp is one of its instance.
                let isFitting = candidate.stamp.map { $0.instance === instance } ?? true
                guard isFitting, candidate.serves(hook, &digests) else { continue }
                made = InstalledHook(
                    configuration: hook, module: candidate.module, stamp: candidate.stamp, files: candidate.files)
            }
            if let made {
                set.hooks.append(made)
            } else {
                set.hooks.append(try make(hook, stamp: candidates.lazy.compactMap(\.stamp).first))
            }
        }
        return set
    }

    private func make(_ hook: Configuration.Hook, stamp: StampClaim?) throws(NetiError) -> InstalledHook {
        guard let type = known.first(where: { $0.moduleName == hook.module }) else {
            throw NetiError(.noSuchFileOrDirectory, "hook '\(hook.name)': no module '\(hook.module)'")
        }
        var settings = HookModuleSettings(
            hookName: hook.name, instanceName: instance.name, lanes: pumps, values: hook.settings,
            publication: provider.netinfo.publication)
        var claim: StampClaim?
        if type.holdsPackets {
            // That of the hook before it, whose packets may still be held.
            if let stamp, stamp.instance === instance { claim = stamp } else { claim = try StampClaim(on: instance) }
            settings.stamp = claim?.stamp ?? []
        }
        let files = type.keys.filter { $0.kind == .file }.compactMap { key in
            hook.settings[key.name].map { (key: key.name, path: $0) }
        }
        let before = files.map { FileDigests.digest(of: $0.path) }
        let module = try type.init(settings)
        let after = files.map { FileDigests.digest(of: $0.path) }
        let digests = zip(before, after).map { $0 == $1 ? $0 : nil }
        return InstalledHook(
            configuration: hook, module: module, stamp: claim,
            files: Dictionary(zip(files.map(\.key), digests)) { first, _ in first })
    }

    /// Puts another set of hooks in the place of the present one. At each event that happens in one step; hooks whose
    /// modules are in both keep their registrations, and counters.
    ///
    /// - Parameter keepsTakenOff: whether hooks that were taken off because of trouble stay off, where nothing of them
    ///   changes; else they are put back.
    /// - Throws: what a registration said; everything is as before then, but for registrations of hooks that change.
    func install(_ next: HookSet, keepsTakenOff: Bool = false) throws(NetiError) {
        try arranging.withLock { _ throws(NetiError) in
            let current = hooks
            var next = next
            if keepsTakenOff { next.keepTakenOff(of: current) }
            // Those that another one's hint refers to have come back; so have others when undoing could not do better.
            defer { forgetReturned(isTold: keepsTakenOff) }
            try install(next, insteadOf: current)
        }
    }

    /// Lists hooks no longer as taken off that are on their event again.
    private func forgetReturned(isTold: Bool) {
        for taken in hooks.takenOff {
            let point = instance.protocolHandle(taken.family).event(taken.event)
            guard point.snapshot().contains(where: { $0.name == taken.hook.name }) else { continue }
            state.withLock { $0.set.takenOff.removeAll { $0.isSamePlace(as: taken) } }
            guard isTold else { continue }
            logger.notice(
                "hook '\(taken.hook.name)', which was taken off \(taken.family) \(taken.event), is there again",
                metadata: [
                    "hook": "\(taken.hook.name)", "instance": "\(instance.name)", "netid": "\(instance.netid)",
                ])
        }
    }

    private func install(_ next: HookSet, insteadOf current: HookSet) throws(NetiError) {
        let leaving = current.hooks.filter { !next.contains($0.module) }
        let coming = next.hooks.filter { !current.contains($0.module) }
        // A kstat of the same name can be there only once.
        let replaced = leaving.filter { old in coming.contains { $0.configuration.name == old.configuration.name } }
        for hook in replaced { deleteKstats(of: hook) }
        for hook in coming { begin(hook) }
        do throws(NetiError) {
            try change(from: current, to: next)
        } catch {
            for hook in coming { end(hook) }
            for hook in replaced { createKstats(of: hook) }
            throw error
        }
        for hook in leaving { end(hook) }
        state.withLock { state in
            state.set = next
            state.lastLines += leaving.flatMap(Self.logLines)
        }
    }

    private func change(from current: HookSet, to next: HookSet) throws(NetiError) {
        let (before, after) = (current.configuration, next.configuration)
        // Batches of segments come one by one before there is a hook that can't hold them, and whole after it is gone.
        let isFirst = !after.queueing.gso
        if isFirst { try reconfigure(from: before, to: after) }
        do throws(NetiError) {
            try arrange(from: current, to: next)
            do throws(NetiError) {
                if !isFirst { try reconfigure(from: before, to: after) }
                if after.isConfigured, !before.isConfigured { try provider.startSteering(instance) }
            } catch {
                putBack("its hooks") { () throws(NetiError) in try arrange(from: next, to: current) }
                throw error
            }
        } catch {
            putBack("its settings") { () throws(NetiError) in try reconfigure(from: after, to: before) }
            throw error
        }
    }

    /// Undoes a part of a change that failed. What can't be undone is told: nobody may believe that all is as it was.
    private func putBack(_ what: String, _ undo: () throws(NetiError) -> Void) {
        do throws(NetiError) {
            try undo()
        } catch {
            logger.critical(
                "instance '\(instance.name)': a change failed and \(what) can't be put back, so they stay changed: \(error)",
                metadata: ["instance": "\(instance.name)", "netid": "\(instance.netid)"])
        }
    }

    private func reconfigure(
        from before: Configuration.Instance, to after: Configuration.Instance
    ) throws(NetiError) {
        let changesLimits = before.injection != after.injection
        if changesLimits { try instance.injection.change(after.injection) }
        do throws(NetiError) {
            if before.queueing != after.queueing { try provider.reconfigure(instance, after.queueing) }
        } catch {
            if changesLimits {
                putBack("its limits of injection") { () throws(NetiError) in
                    try instance.injection.change(before.injection)
                }
            }
            throw error
        }
    }

    private func begin(_ hook: InstalledHook) {
        let module = hook.module
        let observer = instance.interfaces.addObserver { module.interfacesChanged($0) }
        state.withLock { $0.observers[ObjectIdentifier(module)] = observer }
        createKstats(of: hook)
    }

    private func end(_ hook: InstalledHook) {
        let observer = state.withLock { $0.observers.removeValue(forKey: ObjectIdentifier(hook.module)) }
        if let observer { instance.interfaces.removeObserver(observer) }
        deleteKstats(of: hook)
    }

    private func createKstats(of hook: InstalledHook) {
        hook.module.createKstats(in: provider.netinfo, netid: instance.netid)
    }

    private func deleteKstats(of hook: InstalledHook) {
        hook.module.deleteKstats(in: provider.netinfo, netid: instance.netid)
    }

    static var places: [(NetworkFamily, NetworkEvent)] {
        NetworkFamily.allCases.flatMap { family in family.events.map { (family, $0) } }
    }

    private func arrange(from current: HookSet, to next: HookSet) throws(NetiError) {
        // First where packets have yet to be made to flow, which the kernel may refuse: undoing that takes nothing away.
        let isFlowing = { [instance] (place: (NetworkFamily, NetworkEvent)) in
            instance.protocolHandle(place.0).event(place.1).isInterested
        }
        let places = Self.places.filter { !isFlowing($0) } + Self.places.filter(isFlowing)
        var done: [(NetworkFamily, NetworkEvent)] = []
        do throws(NetiError) {
            for (family, event) in places {
                try arrange(family, event, from: current, to: next)
                done.append((family, event))
            }
        } catch {
            for (family, event) in done.reversed() {
                putBack("its hooks on \(family) \(event)") { () throws(NetiError) in
                    try arrange(family, event, from: next, to: current)
                }
            }
            throw error
        }
        let rules = ChainRules(ordering: next.configuration.ordering, limit: next.configuration.maxHooks)
        for family in NetworkFamily.allCases {
            try? instance.protocolHandle(family).nicEvents.arrange([], rules: rules)
        }
    }

    private func arrange(
        _ family: NetworkFamily, _ event: NetworkEvent, from current: HookSet, to next: HookSet
    ) throws(NetiError) {
        let before = current.hooks.filter { $0.isOn(family, event) }
        let off = next.staysOff(family, event)
        let after = next.hooks.filter { $0.isOn(family, event) && !off.contains($0.configuration.name) }
        // All of those before, but for hooks that were taken off because of trouble.
        let registered = Set(instance.protocolHandle(family).event(event).snapshot().map(\.name))
        let places = after.map { hook -> HookPlace<PacketEvent> in
            let stays =
                registered.contains(hook.configuration.name)
                && before.contains {
                    $0.configuration.name == hook.configuration.name && $0.isRegistered(like: hook)
                }
            return stays
                ? .registered(hook.configuration.name, hint: hook.configuration.hint)
                : .new(hook.hook(family, event))
        }
        try instance.protocolHandle(family).arrange(
            places, removing: Set(before.map(\.configuration.name)).subtracting(after.map(\.configuration.name)),
            on: event, rules: ChainRules(ordering: next.configuration.ordering, limit: next.configuration.maxHooks))
    }
}
