// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl

extension DaemonBackend {
    func hooks(instance name: String?) throws(ControlError) -> [ListHooks.Hook] {
        let entries = engine.entries.filter { name == nil || $0.name == name }
        if let name, entries.isEmpty { throw .noSuchInstance(name) }
        let saved = engine.savedConfiguration
        return entries.flatMap { entry in
            let takenOff = entry.running?.hooks.takenOff ?? []
            return entry.points.flatMap { family, event, point in
                point.snapshot().enumerated().map { index, hook in
                    ListHooks.Hook(hook, at: index + 1, on: family, event, of: entry, saved)
                }
                    + takenOff.filter { $0.family == family && $0.event == event }.map { takenOff in
                        var hook = ListHooks.Hook(takenOff.hook, at: 0, on: family, event, of: entry, saved)
                        hook.state = .takenOff
                        hook.reason = takenOff.reason
                        return hook
                    }
            }
        }
    }
}

extension ListHooks.Hook {
    fileprivate init(
        _ hook: HookDescription, at position: Int, on family: NetworkFamily, _ event: NetworkEvent,
        of entry: InstanceEntry, _ saved: SavedConfiguration
    ) {
        self.init(
            instance: entry.name, netid: Int(entry.netid.rawValue), family: family.rawValue, event: event.rawValue,
            position: position, name: hook.name, hint: ListHooks.Hint(hook.hint), hintValue: hook.hint.target,
            hits: Int(clamping: hook.hits), drops: Int(clamping: hook.drops),
            failures: Int(clamping: hook.trouble.failures), overBudget: Int(clamping: hook.trouble.overBudget),
            skipped: Int(clamping: hook.trouble.skipped), state: ListHooks.State(hook.trouble),
            module: entry.running?.moduleName(ofHook: hook.name), saved: saved.has(hook: hook.name, of: entry))
    }
}

extension ListHooks.Hint {
    fileprivate init(_ hint: Hooks.Hint) {
        switch hint.code {
        case Hooks.Hint.first.code: self = .first
        case Hooks.Hint.last.code: self = .last
        case Hooks.Hint.before("").code: self = .before
        case Hooks.Hint.after("").code: self = .after
        default: self = .none
        }
    }
}

extension ListHooks.State {
    fileprivate init(_ trouble: HookTrouble) {
        self = trouble.isToBeRemoved ? .leaving : trouble.isSkipped ? .skipped : .active
    }
}
