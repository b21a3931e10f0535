// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl hook list`.
struct HookListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List hooks in the order in which packets meet them.",
        discussion: """
            The hooks of one event follow each other in chain order: a packet goes to the one with POS 1 first, and a \
            hook that drops it hides it from those behind. HINT is how the hook asked to be placed, HITS how many \
            packets it was called for, DROPS how many of them it did not let go on, MODULE what runs. A hook that the \
            configuration file has otherwise or not at all is marked "not saved": the daemon's next start, or a reload, \
            takes it away.

            Below stands which hooks failed or ran over their time budgets, and what became of them. One that was taken \
            off its chain for that has no POS; only 'neti-ctl reload' puts it back.

            EXAMPLES
              neti-ctl hook list
              neti-ctl hook list --instance blue
              neti-ctl hook ls --json
            """,
        aliases: ["ls"])

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only the hooks of this instance, by its name in 'instance list'.", valueName: "name"))
    var instance: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(ListHooks(instance: instance))) { reply, width in
            hookLines(reply.hooks, width: width)
        }
    }
}

/// One line for each hook, in the order given.
func hookLines(_ hooks: [ListHooks.Hook], width: Int?) -> [String] {
    let areSaved = hooks.allSatisfy(\.saved)
    let table = Table(
        [
            .number("NETID"), .text("INSTANCE"), .word("FAMILY"), .word("EVENT"), .number("POS"), .text("NAME"),
            .text("HINT"), .number("HITS"), .number("DROPS"), .text("MODULE"),
        ] + (areSaved ? [] : [.word("NOTE")]),
        hooks.map { hook in
            [
                "\(hook.netid)", hook.instance, hook.family, hook.event,
                hook.state == .takenOff ? "-" : "\(hook.position)", hook.name,
                hook.hint.rawValue + (hook.hintValue.map { " \($0)" } ?? ""), "\(hook.hits)", "\(hook.drops)",
                hook.module ?? "-",
            ] + (areSaved ? [] : [savedNote(hook.saved)])
        })
    let notes = hooks.compactMap(troubleNote)
    return table.lines(width: width) + (notes.isEmpty ? [] : [""] + notes)
}

/// What a listing notes of something that was changed while the daemon ran.
func savedNote(_ isSaved: Bool) -> String { isSaved ? "" : "not saved" }

/// What went wrong with a hook, nil if nothing did.
private func troubleNote(_ hook: ListHooks.Hook) -> String? {
    var troubles: [String] = []
    if hook.failures > 0 { troubles.append("failed \(times(hook.failures))") }
    if hook.overBudget > 0 { troubles.append("ran over its time budget \(times(hook.overBudget))") }
    if hook.skipped > 0 { troubles.append("\(hook.skipped) packets passed it by for that") }
    switch hook.state {
    case .active: break
    case .skipped: troubles.append("is passed over now")
    case .leaving: troubles.append("is about to be taken off")
    case .takenOff: troubles.append("was taken off" + (hook.reason.map { ": \($0)" } ?? ""))
    }
    if troubles.isEmpty { return nil }
    let place = "\(hook.instance): \(hook.name) on \(hook.family) \(hook.event)"
    return printable("\(place) \(troubles.joined(separator: ", "))")
}

private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
