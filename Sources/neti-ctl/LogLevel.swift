// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import NetiControl

/// `neti-ctl log-level`.
struct LogLevelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Set how much the daemon logs.",
        discussion: """
            Holds until the daemon ends; the configuration file stays as it is. Nothing below the level is logged. \
            Only root, the daemon's user, and members of the socket's group may set it.

            EXAMPLES
              neti-ctl log-level debug
            """)

    @Argument(help: "The least level that is logged.")
    var level: SetLogLevel.LogLevel

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(SetLogLevel(level: level))) { _, _ in [] }
    }
}

extension SetLogLevel.LogLevel: ExpressibleByArgument {}
