// SPDX-License-Identifier: Apache-2.0

import Hooks
import NetiLinux

/// A change of a configuration in terms of its tables, by their numbers.
enum ConfigurationStep {
    case appendHook([ConfigurationTextEditor.Field], instance: Int)
    case removeHook(Int, instance: Int)
    /// Gives a hook another hint. A hook can only refer to one that is registered before, so that its table has to move
    /// behind the other one's where it isn't yet.
    case moveHook(Int, hint: String, behind: Int?, instance: Int)
    case appendInstance([ConfigurationTextEditor.Field])
    case removeInstance(Int)

    /// Changes the text.
    func apply(to editor: inout ConfigurationTextEditor) throws(ConfigurationTextEditor.Refusal) {
        switch self {
        case .appendHook(let fields, let instance):
            try editor.appendHook(fields, toInstance: instance)
        case .removeHook(let hook, let instance):
            try editor.removeHook(hook, ofInstance: instance)
        case .moveHook(let hook, let hint, let target, let instance):
            try editor.set(("hint", TOMLText.string(hint)), ofHook: hook, ofInstance: instance)
            if let target { try editor.moveHook(hook, behind: target, ofInstance: instance) }
        case .appendInstance(let fields):
            try editor.appendInstance(fields)
        case .removeInstance(let instance):
            try editor.removeInstance(instance)
        }
    }

    /// Whether it makes the later instances of the earlier ones, and nothing else; what it adds may be anything.
    func leads(from earlier: [Configuration.Instance], to later: [Configuration.Instance]) -> Bool {
        var expected = earlier
        switch self {
        case .appendHook(_, let instance):
            guard later.indices.contains(instance), let hook = later[instance].hooks.last else { return false }
            expected[instance].hooks.append(hook)
        case .removeHook(let hook, let instance):
            expected[instance].hooks.remove(at: hook)
        case .moveHook(let hook, let hint, let target, let instance):
            var moved = expected[instance].hooks.remove(at: hook)
            moved.hint = Hint(hint) ?? .none
            expected[instance].hooks.insert(moved, at: target ?? hook)
        case .appendInstance:
            guard let instance = later.last else { return false }
            expected.append(instance)
        case .removeInstance(let instance):
            expected.remove(at: instance)
        }
        // By default it depends on the hooks.
        if let instance, later.indices.contains(instance), expected.indices.contains(instance) {
            expected[instance].queueing.gso = later[instance].queueing.gso
        }
        return expected == later
    }

    /// The instance whose hooks it changes.
    private var instance: Int? {
        switch self {
        case .appendHook(_, let instance), .removeHook(_, let instance), .moveHook(_, _, _, let instance): instance
        case .appendInstance, .removeInstance: nil
        }
    }

    /// The table that it adds or changes, as messages about the later text call it.
    func table(in earlier: [Configuration.Instance]) -> ConfigurationPath? {
        let root = ConfigurationPath().appending("instance")
        func hook(_ hook: Int, _ instance: Int) -> ConfigurationPath {
            root.appending(instance).appending("hook").appending(hook)
        }
        return switch self {
        case .appendHook(_, let instance): hook(earlier[instance].hooks.count, instance)
        case .moveHook(let number, _, let target, let instance): hook(target ?? number, instance)
        case .appendInstance: root.appending(earlier.count)
        case .removeHook, .removeInstance: nil
        }
    }
}
