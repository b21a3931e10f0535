// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl hook move`.
struct HookMoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Give a hook another place in its chains while packets flow.",
        discussion: """
            The hook gets another hint, and its table in the configuration goes behind that of the hook it refers to. \
            Where several hooks want to be first, or in a circle, that is refused. Without --save it is where it was with \
            the daemon's next start or reload. Only root, the daemon's user, and members of the socket's group may do \
            this, and the log tells who did.

            EXAMPLES
              neti-ctl hook move counter --after filter
              neti-ctl hook move filter -i blue --first --save
            """,
        aliases: ["mv"])

    @OptionGroup var hint: HintOptions
    @OptionGroup var place: TableOptions
    @OptionGroup var saving: SaveOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The hook's name.")
    var hook: String

    func validate() throws {
        _ = try request
    }

    /// The call.
    var request: MoveHook {
        get throws(ValidationError) {
            guard let (hint, value) = hint.hint else {
                throw ValidationError("Where to? Give '--first', '--last', '--before', '--after' or '--anywhere'")
            }
            return MoveHook(
                instance: place.instance, hook: hook, hint: hint, hintValue: value, save: saving.parameter)
        }
    }

    func run() throws {
        try output.show(try connection.edit(request, saving.file)) { _, _ in [] }
    }
}
