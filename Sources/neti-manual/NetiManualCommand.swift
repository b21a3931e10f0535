// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials

/// Writes manual pages from what a program says of its commands. A tool of the build; it isn't installed.
@main
struct NetiManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neti-manual",
        abstract: "Write manual pages from what '--experimental-dump-help' prints.")

    @Option(help: ArgumentHelp("The date that the pages bear.", valueName: "month day, year"))
    var date: String

    @Argument(help: ArgumentHelp("The program's output in a file.", valueName: "file"))
    var dump: String

    @Argument(help: "The folder for the pages; it must be there.")
    var folder: String

    func run() throws {
        let command = try JSONDecoder().decode(
            CommandDescription.Dump.self, from: Data(contentsOf: URL(filePath: dump))
        ).command
        for page in Self.pages(of: command, date: date) {
            try page.text.write(
                to: URL(filePath: folder).appending(path: page.fileName), atomically: false, encoding: .utf8)
        }
    }

    /// A page for the command and for each one below it.
    static func pages(of command: CommandDescription, date: String) -> [ManualPage] {
        [ManualPage(command: command, date: date, related: [("neti-daemon", 8), ("neti.toml", 5)])]
            + command.shownSubcommands.flatMap { pages(of: $0, date: date) }
    }
}
