// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Synchronization

/// The kstats that the framework itself exports for one protocol: one for each event and one for each hook (R184 to
/// R189).
///
/// A kstat that can't be made, for instance because two hook names agree in their first 30 bytes, is left out; the
/// registration stands (R188).
final class HookStatistics: Sendable {
    /// An event's own entry has no hook.
    private struct Key: Hashable {
        let event: String
        let hook: String?
    }

    private struct State {
        var kstats: [Key: Kstat] = [:]
        var isRetired = false
    }

    private let registry: KstatRegistry
    private let netid: NetID
    private let family: NetworkFamily
    /// Held while kstats are made and deleted, so that what an event says and which kstats there are change together.
    /// Updates never take it.
    private let state = Mutex(State())

    init(registry: KstatRegistry, netid: NetID, family: NetworkFamily) {
        self.registry = registry
        self.netid = netid
        self.family = family
    }

    func add(event: any Event) {
        state.withLock { state in
            add(Key(event: event.name, hook: nil), to: &state, module: family.rawValue, class: "hook_event", 3) {
                let counters = event.counters
                return [
                    NamedValue("hooksAdded", .uint64(counters.added)),
                    NamedValue("hooksRemoved", .uint64(counters.removed)),
                    NamedValue("events", .uint64(counters.events)),
                ]
            }
        }
    }

    /// Gives a hook its kstat after it was registered.
    ///
    /// Here and in `remove` the event has the last word on whether the hook is there: between the caller's registration
    /// and this call another thread may have unregistered it, or registered the name anew.
    func add(hook name: String, ofEventNamed eventName: String, in hooks: HookFamily) {
        let key = Key(event: eventName, hook: name)
        state.withLock { state in
            guard let event = hooks.event(named: eventName), event.hook(named: name) != nil else { return }
            // That of an earlier hook of the name, which is still being left.
            remove(key, from: &state)
            add(key, to: &state, module: "\(family)/\(eventName)", class: "hook", 6) {
                guard let hook = event.hook(named: name) else { return [] }
                return [
                    NamedValue("version", .int32(hook.version)),
                    NamedValue("flags", .uint32(hook.flags)),
                    NamedValue("hint", .int32(hook.hint.code)),
                    NamedValue("hint_value", .string(hook.hint.target ?? "<none>")),
                    NamedValue("position", .int32(Int32(clamping: hook.position))),
                    NamedValue("hook_hits", .uint64(hook.hits)),
                ]
            }
        }
    }

    /// Takes a hook's kstat away after it was unregistered.
    func remove(hook name: String, ofEventNamed eventName: String, in hooks: HookFamily) {
        state.withLock { state in
            guard hooks.event(named: eventName)?.hook(named: name) == nil else { return }
            remove(Key(event: eventName, hook: name), from: &state)
        }
    }

    /// Takes all kstats away, for good.
    func retire() {
        state.withLock { state in
            state.isRetired = true
            for key in Array(state.kstats.keys) { remove(key, from: &state) }
        }
    }

    private func add(
        _ key: Key, to state: inout State, module: String, class: String, _ count: Int,
        fields: @escaping @Sendable () -> [NamedValue]
    ) {
        guard !state.isRetired,
            let kstat = try? registry.create(
                module: module, name: key.hook ?? key.event, class: `class`, count: count, flags: .virtual,
                netids: [netid.rawValue])
        else { return }
        guard (try? registry.install(kstat, owner: KstatOwner(privateData: netid, fields: fields))) != nil else {
            try? registry.delete(kstat)
            return
        }
        state.kstats[key] = kstat
    }

    private func remove(_ key: Key, from state: inout State) {
        guard let kstat = state.kstats.removeValue(forKey: key) else { return }
        try? registry.delete(kstat)
    }
}

extension Event {
    fileprivate func hook(named name: String) -> HookDescription? {
        snapshot().first { $0.name == name }
    }
}
