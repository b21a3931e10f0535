// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `neti-ctl hook`.
struct HookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Hooks: what looks at packets, in which order.",
        subcommands: [
            HookListCommand.self, HookAddCommand.self, HookRemoveCommand.self, HookMoveCommand.self,
            HookSetCommand.self,
        ],
        defaultSubcommand: HookListCommand.self)
}
