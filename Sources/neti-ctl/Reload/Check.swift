// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the daemon's configuration file and say what a reload would change.",
        discussion: """
            The same as 'neti-ctl reload --dry-run'. Every mistake is told with file and line, status 1. What only \
            shows when it is done, such as a queue number that another program holds, shows at the reload.

            Where no daemon runs, 'neti-daemon --check-config FILE' checks a file.

            EXAMPLES
              neti-ctl check && neti-ctl reload
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let reply = try connection.call(Reload(dryRun: true), timeout: ConnectionOptions.changeTimeout)
        try output.show(reply) { reply, _ in changeLines(reply) }
    }
}
