// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl
import SystemPackage

extension DaemonBackend {
    func edit(_ asked: ConfigurationEditing) async throws(ControlError) -> ConfigurationEditing.Reply {
        let edit = try ConfigurationEdit(asked)
        return try await changes.inTurn { () throws(ControlError) in
            var file: ConfigurationEditing.FileEdit?
            try reloader.betweenReloads { () throws(ControlError) in
                try engine.edit { current throws(ControlError) in
                    var edited = try current.edited(by: edit, modules: engine.modules)
                    if asked.save { file = try edited.offerFile(with: edit, modules: engine.modules) }
                    return edited
                }
            } refused: { refusal in
                .failed(reason: refusal.description)
            }
            return .init(file: file)
        }
    }

    func unsavedConfiguration() async throws(ControlError) -> ConfigurationEditing.FileEdit? {
        try await changes.inTurn { () throws(ControlError) in
            try reloader.betweenReloads { () throws(ControlError) in
                try engine.offer { configuration throws(ControlError) in try configuration.offerFile() }
            } refused: { refusal in
                .failed(reason: refusal.description)
            }
        }
    }
}

extension ConfigurationEdit {
    /// A call of a client in terms of the configuration.
    init(_ asked: ConfigurationEditing) throws(ControlError) {
        switch asked {
        case .addHook(let asked):
            let hint = try asked.hint.map { hint throws(ControlError) in try Self.text(hint, asked.hintValue) }
            let hook = Hook(
                name: asked.hook, module: asked.module, events: asked.events, families: asked.families, hint: hint,
                values: asked.values ?? [:])
            self = .addHook(hook, instance: asked.instance)
        case .removeHook(let asked):
            self = .removeHook(asked.hook, instance: asked.instance)
        case .moveHook(let asked):
            self = .moveHook(asked.hook, hint: try Self.text(asked.hint, asked.hintValue), instance: asked.instance)
        case .addInstance(let asked):
            self = .addInstance(Instance(name: asked.name, netns: asked.netns, values: asked.values ?? [:]))
        case .removeInstance(let asked):
            self = .removeInstance(asked.instance)
        }
        try checkKeys()
    }

    /// A hint as the configuration spells it.
    private static func text(_ hint: ListHooks.Hint, _ target: String?) throws(ControlError) -> String {
        switch (hint, target) {
        case (.before, let target?), (.after, let target?): return "\(hint.rawValue) \(target)"
        case (.none, nil), (.first, nil), (.last, nil): return hint.rawValue
        case (.before, nil), (.after, nil):
            throw .invalidArgument("hintValue", reason: "'\(hint.rawValue)' needs the name of a hook")
        case (_, let target?):
            throw .invalidArgument("hintValue", reason: "'\(hint.rawValue)' refers to no hook, found '\(target)'")
        }
    }

    /// Keys that have parameters of their own would be there twice, and a table isn't a value.
    private func checkKeys() throws(ControlError) {
        let (values, others): ([String: String], [String]) =
            switch self {
            case .addHook(let hook, _): (hook.values, ["name", "module", "events", "families", "hint"])
            case .addInstance(let instance): (instance.values, ["name", "netns", "hook"])
            case .removeHook, .moveHook, .removeInstance: ([:], [])
            }
        for key in values.keys.sorted() where others.contains(key) {
            throw .invalidArgument("values", reason: "'\(key)' can't be given among them")
        }
    }
}
