// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl hook remove`.
struct HookRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a hook off its events while packets flow.",
        discussion: """
            When the command has ended, no packet is inside the hook any more. Without --save it is back with the daemon's \
            next start or reload. Comments in the file stay. A hook that others refer to by "before" or "after" can't be \
            removed. Only root, the daemon's user, and members of the socket's group may do this, and the log tells who did.

            EXAMPLES
              neti-ctl hook remove slow
              neti-ctl hook rm filter -i blue --save
            """,
        aliases: ["rm"])

    @OptionGroup var place: TableOptions
    @OptionGroup var saving: SaveOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The hook's name.")
    var hook: String

    /// The call.
    var request: RemoveHook { RemoveHook(instance: place.instance, hook: hook, save: saving.parameter) }

    func run() throws {
        try output.show(try connection.edit(request, saving.file)) { _, _ in [] }
    }
}
