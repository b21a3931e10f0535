// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `neti-ctl instance`.
struct InstanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instance",
        abstract: "IP instances: network namespaces with their queues and hooks.",
        subcommands: [InstanceListCommand.self, InstanceAddCommand.self, InstanceRemoveCommand.self],
        defaultSubcommand: InstanceListCommand.self)
}
