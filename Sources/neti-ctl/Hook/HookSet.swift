// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl hook set`.
struct HookSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Give a hook's module other values while packets flow.",
        discussion: """
            Keys and values are those of the configuration, which is not written: with the daemon's next start they are \
            what they were. All of them are taken over, or none. Which are in force is among the module's kstats. Only \
            root, the daemon's user, and members of the socket's group may change them, and the log tells who did. While \
            a reload waits for its confirmation they stay what they are.

            EXAMPLES
              neti-ctl hook set slow delay=80ms loss=0%
              neti-ctl hook set slow --instance blue rate=2mbit match='proto udp from any to any port = 53'
              neti-ctl kstat impair::slow
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The instance, by its name in 'instance list'. (default: the only one that has such a hook)",
            valueName: "name"))
    var instance: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The hook's name.")
    var hook: String

    @Argument(help: ArgumentHelp("What to change, and the new value.", valueName: "key=value"))
    var values: [String]

    func validate() throws {
        _ = try request
    }

    /// The call.
    var request: ChangeHook {
        get throws { ChangeHook(instance: instance, hook: hook, values: try keyValues(values)) }
    }

    func run() throws {
        try output.show(try connection.call(request, timeout: ConnectionOptions.changeTimeout)) { _, _ in [] }
    }
}
