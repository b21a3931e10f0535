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

    private let registry: KstatRegistry
    private let netid: NetID
    private let family: NetworkFamily
    private let kstats = Mutex<[Key: Kstat]>([:])

    init(registry: KstatRegistry, netid: NetID, family: NetworkFamily) {
        self.registry = registry
        self.netid = netid
        self.family = family
    }

    func add(event: any Event) {
        add(Key(event: event.name, hook: nil), module: family.rawValue, class: "hook_event", fieldCount: 3) {
            let counters = event.counters
            return [
                NamedValue("hooksAdded", .uint64(counters.added)),
                NamedValue("hooksRemoved", .uint64(counters.removed)),
                NamedValue("events", .uint64(counters.events)),
            ]
        }
    }

    func add(hook name: String, ofEventNamed eventName: String, in hooks: HookFamily) {
        guard let event = hooks.event(named: eventName) else { return }
        let module = "\(family)/\(eventName)"
        add(Key(event: eventName, hook: name), module: module, class: "hook", fieldCount: 6) {
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

    func remove(hook name: String, ofEventNamed eventName: String) {
        remove(Key(event: eventName, hook: name))
    }

    func removeAll() {
        for key in kstats.withLock({ Array($0.keys) }) { remove(key) }
    }

    private func add(
        _ key: Key, module: String, class: String, fieldCount: Int, update: @escaping Kstat.Update
    ) {
        guard
            let kstat = try? registry.create(
                module: module, name: key.hook ?? key.event, class: `class`, fieldCount: fieldCount, flags: .virtual,
                netids: [netid.rawValue])
        else { return }
        guard (try? registry.install(kstat, update: update)) != nil else {
            try? registry.delete(kstat)
            return
        }
        kstats.withLock { $0[key] = kstat }
    }

    private func remove(_ key: Key) {
        guard let kstat = kstats.withLock({ $0.removeValue(forKey: key) }) else { return }
        try? registry.delete(kstat)
    }
}
