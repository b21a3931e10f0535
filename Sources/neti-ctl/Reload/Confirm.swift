// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl confirm`.
struct ConfirmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Keep what 'neti-ctl reload --confirm' changed.",
        discussion: """
            Without it the daemon goes back when the time is over. Status 1 when no reload waits for this, which after \
            the time means that it has gone back.

            EXAMPLES
              neti-ctl confirm
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(ConfirmReload(), timeout: ConnectionOptions.changeTimeout)) { _, _ in [] }
    }
}
