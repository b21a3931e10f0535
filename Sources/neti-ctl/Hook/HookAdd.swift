// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl hook add`.
struct HookAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Put a hook on events of an instance while packets flow.",
        discussion: """
            The hook is checked as if it stood in the configuration, and put there: key=value are further keys of its \
            table, those of its module and on-failure, time-budget and on-over-budget. Relative paths start where the \
            configuration file is. Without --save it is gone with the daemon's next start or reload, and 'hook list' marks \
            it "not saved". Only root, the daemon's user, and members of the socket's group may do this, and the log tells \
            who did.

            EXAMPLES
              neti-ctl hook add counter --module count --event PHYSICAL_IN
              neti-ctl hook add filter -i blue --module ipf --event PHYSICAL_IN --event PHYSICAL_OUT --first \\
                  rules=/etc/neti/blue.conf on-failure=drop --save
              neti-ctl hook add slow -i 'red*' --module impair --event PHYSICAL_OUT --after filter delay=50ms
            """)

    @Option(name: .long, help: ArgumentHelp("What runs: ipf, count, impair or another.", valueName: "module"))
    var module: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("An event, such as PHYSICAL_IN; may be given several times.", valueName: "event"))
    var event: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A protocol: inet, inet6 or arp; may be given several times. (default: inet and inet6)", valueName: "family"
        ))
    var family: [String] = []

    @OptionGroup var hint: HintOptions
    @OptionGroup var place: TableOptions
    @OptionGroup var saving: SaveOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The new hook's name.")
    var hook: String

    @OptionGroup var further: KeyValueArguments

    func validate() throws {
        if event.isEmpty { throw ValidationError("Missing expected argument '--event <event>'") }
        _ = try request
    }

    /// The call.
    var request: AddHook {
        get throws {
            AddHook(
                instance: place.instance, hook: hook, module: module, events: event,
                families: family.isEmpty ? nil : family, hint: hint.hint?.0, hintValue: hint.hint?.value,
                values: try further.parameter, save: saving.parameter)
        }
    }

    func run() throws {
        try output.show(try connection.edit(request, saving.file)) { _, _ in [] }
    }
}

/// Which instance's configuration is meant.
struct TableOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The instance, by its name or glob in the configuration. (default: the only one that will do)",
            valueName: "name"))
    var instance: String?
}
