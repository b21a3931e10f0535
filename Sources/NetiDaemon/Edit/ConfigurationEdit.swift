// SPDX-License-Identifier: Apache-2.0

import Hooks
import NetiControl

/// A change of a configuration in the words of a control client; what is wrong with its values is found when the changed
/// text is read.
enum ConfigurationEdit: Sendable {
    case addHook(Hook, instance: String?)
    case removeHook(String, instance: String?)
    case moveHook(String, hint: String, instance: String?)
    case addInstance(Instance)
    case removeInstance(String)

    /// A hook to be added.
    struct Hook: Sendable {
        var name: String
        var module: String
        var events: [String]
        var families: [String]?
        var hint: String?
        /// Further keys, all of them texts.
        var values: [String: String]
    }

    /// An instance to be added.
    struct Instance: Sendable {
        var name: String?
        var netns: String?
        /// Further keys: numbers, truth values and texts.
        var values: [String: String]
    }

    /// The same in terms of a configuration's tables.
    func step(in configuration: Configuration) throws(ControlError) -> ConfigurationStep {
        switch self {
        case .addHook(let hook, let name):
            return .appendHook(hook.fields, instance: try configuration.tableNumber(name))
        case .removeHook(let hook, let name):
            let instance = try configuration.tableNumber(name, withHook: hook)
            return .removeHook(try configuration.hookNumber(hook, inTable: instance), instance: instance)
        case .moveHook(let hook, let hint, let name):
            let instance = try configuration.tableNumber(name, withHook: hook)
            let number = try configuration.hookNumber(hook, inTable: instance)
            let target = Hint(hint)?.target.flatMap { target in
                configuration.instances[instance].hooks.firstIndex { $0.name == target }
            }
            let behind = target.flatMap { $0 > number ? $0 : nil }
            return .moveHook(number, hint: hint, behind: behind, instance: instance)
        case .addInstance(let instance):
            return .appendInstance(instance.fields)
        case .removeInstance(let name):
            return .removeInstance(try configuration.tableNumber(name))
        }
    }

    /// Whether it only takes something away.
    var isRemoval: Bool {
        switch self {
        case .removeHook, .removeInstance: true
        case .addHook, .moveHook, .addInstance: false
        }
    }

    /// What an error calls the thing that was asked for.
    fileprivate var subject: String {
        switch self {
        case .addHook, .removeHook, .moveHook: "hook"
        case .addInstance, .removeInstance: "instance"
        }
    }
}

extension ConfigurationEdit.Hook {
    fileprivate var fields: [ConfigurationTextEditor.Field] {
        var fields = [
            ("name", TOMLText.string(name)), ("module", TOMLText.string(module)), ("events", TOMLText.strings(events)),
        ]
        if let families { fields.append(("families", TOMLText.strings(families))) }
        if let hint { fields.append(("hint", TOMLText.string(hint))) }
        return fields + values.sorted { $0.key < $1.key }.map { ($0.key, TOMLText.string($0.value)) }
    }
}

extension ConfigurationEdit.Instance {
    fileprivate var fields: [ConfigurationTextEditor.Field] {
        [("name", name), ("netns", netns)].compactMap { key, value in value.map { (key, TOMLText.string($0)) } }
            + values.sorted { $0.key < $1.key }.map { ($0.key, TOMLText.scalar($0.value)) }
    }
}

extension ConfigurationError {
    /// The same in terms of what was asked for: places in a text that nobody has seen would help nobody.
    func refusal(of edit: ConfigurationEdit, table: ConfigurationPath?, path: String) -> ControlError {
        let prefix = table.map { "\($0)." } ?? "."
        let complaints = diagnostics.map { diagnostic -> (key: String, message: String) in
            guard diagnostic.file == path else { return (edit.subject, diagnostic.description) }
            let key = diagnostic.key
            if key.hasPrefix(prefix) { return (String(key.dropFirst(prefix.count)), diagnostic.message) }
            return (edit.subject, key.isEmpty ? diagnostic.message : "\(key): \(diagnostic.message)")
        }
        let rest = complaints.dropFirst().map { "; \($0.key): \($0.message)" }.joined()
        return .invalidArgument(complaints.first?.key ?? edit.subject, reason: (complaints.first?.message ?? "") + rest)
    }
}
