// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl
import NetiLinux
import Testing

@testable import NetiDaemon

/// Random changes of configurations that are written in all ways that TOML knows: what is read back is what was asked
/// for, and no other line has changed.
struct ConfigurationEditPropertyTests {
    @Test(arguments: 0..<40)
    func anyChangeOfAnyText(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var made = 0
        for _ in 0..<25 {
            let written = WrittenConfiguration(&random)
            let text = written.text
            let fixture = try ConfigurationFixture(text)
            let old = try fixture.load()
            let edit = randomEdit(of: old, &random)
            let new: Configuration
            do throws(ControlError) {
                new = try old.edited(by: edit, modules: testModules)
            } catch {
                // Two that want to be first, and the like; never because of how the text is written.
                if case .failed = error { Issue.record("\(error)\n\(edit)\n\(text)") }
                continue
            }
            made += 1
            let newText = String(decoding: try #require(new.source).text, as: UTF8.self)
            #expect(new == expectation(of: edit, in: old), "\(edit)\n\(text)\n=>\n\(newText)")
            expectOtherLinesKept(text, newText, edit)
        }
        #expect(made >= 10, "hardly any change is possible")
    }

    private func randomEdit(of configuration: Configuration, _ random: inout SplitMix64) -> ConfigurationEdit {
        let instance = configuration.instances.randomElement(using: &random)
        let label = instance?.label
        let hooks = instance?.hooks.map(\.name) ?? []
        let hook = hooks.randomElement(using: &random)
        let other = hooks.filter { $0 != hook }.randomElement(using: &random)
        let hints = ["none", "first", "last"] + (other.map { ["before \($0)", "after \($0)"] } ?? [])
        switch (Int.random(in: 0..<5, using: &random), label, hook) {
        case (0, let label?, _):
            let added = ConfigurationEdit.Hook(
                name: "added", module: "trace", events: ["PHYSICAL_OUT"], families: ["inet6"],
                hint: Bool.random(using: &random) ? hints.randomElement(using: &random) : nil,
                values: [
                    "label": "tab\t, \"quotes\" and \u{E9} \\ \u{1}", "on-failure": "drop", "time-budget": "10ms",
                    "on-over-budget": "skip",
                ])
            return .addHook(added, instance: label)
        case (1, let label?, let hook?):
            return .removeHook(hook, instance: label)
        case (2, let label?, let hook?):
            return .moveHook(hook, hint: hints.randomElement(using: &random) ?? "none", instance: label)
        case (3, let label?, _):
            return .removeInstance(label)
        default:
            return .addInstance(.init(netns: "added", values: ["queue": "9", "gso": "false", "on-exit": "closed"]))
        }
    }

    /// The same change made of the values instead of the text.
    private func expectation(of edit: ConfigurationEdit, in old: Configuration) -> Configuration {
        var new = old
        func number(_ label: String?) -> Int { old.instances.firstIndex { $0.label == label } ?? 0 }
        switch edit {
        case .addHook(let added, let label):
            var hook = Configuration.Hook(name: added.name, module: added.module, events: [.physicalOut])
            hook.families = [.inet6]
            hook.hint = added.hint.flatMap { Hint($0) } ?? .none
            hook.policy = HookPolicy(onFailure: .drop, timeBudget: 10_000_000, onOverBudget: .skip)
            hook.settings = added.values.filter { $0.key == "label" }
            new.instances[number(label)].hooks.append(hook)
        case .removeHook(let name, let label):
            new.instances[number(label)].hooks.removeAll { $0.name == name }
        case .moveHook(let name, let hint, let label):
            var hooks = old.instances[number(label)].hooks
            guard let place = hooks.firstIndex(where: { $0.name == name }), let hint = Hint(hint) else { return old }
            var hook = hooks[place]
            hook.hint = hint
            hooks[place] = hook
            // A hook can only refer to one that is registered before.
            if let target = hooks.firstIndex(where: { $0.name == hint.target }), target > place {
                hooks.remove(at: place)
                hooks.insert(hook, at: target)
            }
            new.instances[number(label)].hooks = hooks
        case .addInstance(let added):
            var instance = Configuration.Instance(name: added.netns, netns: .named(added.netns ?? ""))
            instance.queueing.queue = 9
            instance.queueing.gso = false
            instance.queueing.onExit = .closed
            new.instances.append(instance)
        case .removeInstance(let label):
            new.instances.remove(at: number(label))
        }
        return new
    }

    private func expectOtherLinesKept(_ old: String, _ new: String, _ edit: ConfigurationEdit) {
        let context: Comment = "\(edit)\n\(old)\n=>\n\(new)"
        let (before, after) = (lines(old), lines(new))
        switch edit {
        case .addHook, .addInstance:
            // One piece is put in; all lines stay in their order.
            let head = zip(before, after).prefix { $0 == $1 }.count
            let tail = zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count
            #expect(head + tail >= before.count, context)
        case .removeHook, .removeInstance:
            let removed = before.difference(from: after)
            #expect(removed.removals.isEmpty, "lines were written\n\(context)")
            let lost = removed.insertions.compactMap { change in
                if case .insert(_, let line, _) = change { line } else { nil }
            }
            #expect(
                !lost.contains { $0.drop { $0 == " " || $0 == "\t" }.hasPrefix("#") && !$0.contains("in the array") },
                context)
        case .moveHook:
            let counted = { (lines: [Substring]) in
                Dictionary(grouping: lines.filter { !$0.allSatisfy(\.isWhitespace) }) { $0 }.mapValues(\.count)
            }
            let (left, right) = (counted(before), counted(after))
            let lost = left.filter { right[$0.key] != $0.value }.keys
            let gained = right.filter { left[$0.key] != $0.value }.keys
            #expect(lost.allSatisfy { $0.contains("hint") }, context)
            #expect(gained.allSatisfy { $0.contains("hint") }, context)
            let added = right.values.reduce(0, +) - left.values.reduce(0, +)
            #expect((0...1).contains(added), context)
        }
    }

    private func lines(_ text: String) -> [Substring] {
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
