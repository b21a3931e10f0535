// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl instance add`.
struct InstanceAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make a network namespace an IP instance, or each one that matches.",
        discussion: """
            The instance is checked as if it stood in the configuration, and put there: key=value are further keys of its \
            table. Put hooks on it with 'hook add'. Its namespace need not be there yet. Without --save it is gone with \
            the daemon's next start or reload, and 'instance list' marks it "not saved". Only root, the daemon's user, and \
            members of the socket's group may do this, and the log tells who did.

            EXAMPLES
              neti-ctl instance add blue on-exit=closed
              neti-ctl instance add 'red*' --save
              neti-ctl instance add ns-4711 --name database queue=100
              neti-ctl instance add global
            """)

    @Option(name: .long, help: "The instance's name. (default: that of its namespace)")
    var name: String?

    @OptionGroup var saving: SaveOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The network namespace by name or glob; 'global' is that in which the daemon runs.")
    var netns: String

    @OptionGroup var further: KeyValueArguments

    func validate() throws {
        _ = try request
    }

    /// The call.
    var request: AddInstance {
        get throws(ValidationError) {
            let isOwn = netns == "global"
            if isOwn, name != nil {
                throw ValidationError("the daemon's own namespace can't have another name than 'global'")
            }
            return AddInstance(
                name: isOwn ? netns : name, netns: isOwn ? nil : netns, values: try further.parameter,
                save: saving.parameter)
        }
    }

    func run() throws {
        try output.show(try connection.edit(request, saving.file)) { _, _ in [] }
    }
}
