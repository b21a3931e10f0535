// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl instance remove`.
struct InstanceRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Leave a network namespace alone from now on.",
        discussion: """
            Packets pass there unseen from then on, whatever on-exit says. Without --save the instance is back with the \
            daemon's next start or reload. Comments in the file stay. Only root, the daemon's user, and members of the \
            socket's group may do this, and the log tells who did.

            EXAMPLES
              neti-ctl instance remove blue
              neti-ctl instance rm 'red*' --save
            """,
        aliases: ["rm"])

    @OptionGroup var saving: SaveOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The instance, by its name or glob in the configuration.")
    var instance: String

    /// The call.
    var request: RemoveInstance { RemoveInstance(instance: instance, save: saving.parameter) }

    func run() throws {
        try output.show(try connection.edit(request, saving.file)) { _, _ in [] }
    }
}
