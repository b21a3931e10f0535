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
    private let family: String
    /// Held while kstats are made and deleted, so that what an event says and which kstats there are change together.
    /// Updates never take it.
    private let state = Mutex(State())

    init(registry: KstatRegistry, netid: NetID, family: String) {
        self.registry = registry
        self.netid = netid
        self.family = family
    }

    func add(event: any Event) {
        state.withLock { state in
            add(Key(event: event.name, hook: nil), to: &state, module: family, class: "hook_event", 3) {
                let counters = event.counters
                return [
                    NamedValue("hooksAdded", .uint64(counters.added)),
                    NamedValue("hooksRemoved", .uint64(counters.removed)),
                    NamedValue("events", .uint64(counters.events)),
                ]
            }
        }
    }

    /// Gives a hook its kstat. Called in the event's turn, so one hook of a name goes before the next one comes.
    func add(hook name: String, of event: any Event) {
        state.withLock { state in
            add(
                Key(event: event.name, hook: name), to: &state, module: "\(family)/\(event.name)", class: "hook", 6
            ) {
                guard let hook = event.snapshot().first(where: { $0.name == name }) else { return [] }
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

    /// Takes a hook's kstat away. Called in the event's turn.
    func remove(hook name: String, of event: any Event) {
        state.withLock { remove(Key(event: event.name, hook: name), from: &$0) }
    }

    /// Takes an event's own kstat away, unless a family still has an event of that name.
    func remove(event name: String, unlessIn family: HookFamily) {
        state.withLock { state in
            guard family.event(named: name) == nil else { return }
            remove(Key(event: name, hook: nil), from: &state)
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
