// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `neti-ctl kstat`.
struct KstatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kstat",
        abstract: "Kernel statistics: what was counted, and by whom.",
        discussion: "Without 'show' or 'set', 'show' is meant: see 'neti-ctl help kstat show'.",
        subcommands: [KstatShowCommand.self, KstatSetCommand.self],
        defaultSubcommand: KstatShowCommand.self)
}
