// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Testing

@testable import neti_ctl
@testable import neti_manual

/// The pages that are made of what `neti-ctl` says of its commands.
struct ManualPageTests {
    private static func pages() throws -> [ManualPage] {
        let dump = try JSONDecoder().decode(CommandDescription.Dump.self, from: Data(NetiCtl._dumpHelp().utf8))
        return NetiManualCommand.pages(of: dump.command, date: "November 21, 2026")
    }

    /// A command and all below it, by the words that are typed.
    private static func words(_ command: any ParsableCommand.Type, below: [String] = []) -> [[String]] {
        let own = below + [command.configuration.commandName ?? command._commandName]
        return [own] + command.configuration.subcommands.flatMap { words($0, below: own) }
    }

    @Test func everyCommandHasAPage() throws {
        let commands = Self.words(NetiCtl.self).map { $0.joined(separator: "-") }
        #expect(commands.count > 10)
        #expect(try Set(Self.pages().map(\.command.pageName)) == Set(commands))
    }

    @Test func pagesNameEveryArgument() throws {
        for page in try Self.pages() {
            let text = page.text
            for argument in page.command.shownArguments {
                for name in argument.names ?? [] {
                    let flag = ((name.kind == .long ? "-" : "") + name.name).replacingOccurrences(of: "-", with: "\\-")
                    #expect(text.contains("Fl \(flag)"), "\(page.fileName) lacks \(name.name)")
                }
            }
        }
    }

    @Test func pagesNameTheValuesThatAnOptionTakes() throws {
        let inject = try #require(try Self.pages().first { $0.command.pageName == "neti-ctl-inject" })
        #expect(inject.text.contains("\nOne of: queue-in, queue-out, direct-out.\n"))
    }

    @Test func mandocFindsNothingWrong() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "neti-manual-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for page in try Self.pages() {
            let file = folder.appending(path: page.fileName)
            try page.text.write(to: file, atomically: false, encoding: .utf8)
            files.append(file.path())
        }
        #expect(try Mandoc.complaints(about: files) == "")
    }

    @Test func pageOfAMadeUpCommand() throws {
        var sub = CommandDescription(
            commandName: "open", superCommands: ["safe"], abstract: "Open it.", shouldDisplay: true)
        sub.discussion = """
            First - with a -x and a\\b
            goes on.

            .dot begins this.

              kept  as it-is
                even deeper

            EXAMPLES
              safe open
            """
        sub.arguments = [
            .init(
                kind: .option, names: [.init(kind: .long, name: "code"), .init(kind: .short, name: "c")],
                valueName: "digits", abstract: "The code.", isOptional: false, isRepeating: false, shouldDisplay: true),
            .init(
                kind: .positional, valueName: "door", abstract: "Which.", defaultValue: "all", isOptional: true,
                isRepeating: true, shouldDisplay: true),
        ]
        let page = ManualPage(command: sub, date: "May 1, 2026", related: [("locks", 5)])
        #expect(page.fileName == "safe-open.8")
        #expect(
            page.text == """
                .Dd May 1, 2026
                .Dt SAFE-OPEN 8
                .Os
                .Sh NAME
                .Nm safe-open
                .Nd open it
                .Sh SYNOPSIS
                .Nm safe
                .Cm open
                .Fl c Ar digits
                .Op Ar door ...
                .Sh DESCRIPTION
                Open it.
                .Pp
                First \\- with a \\-x and a\\eb goes on.
                .Pp
                \\&.dot begins this.
                .Bd -literal -offset indent
                kept  as it\\-is
                  even deeper
                .Ed
                .Bl -tag -width Ds
                .It Fl c , Fl \\-code Ar digits
                The code.
                .It Ar door ...
                Which.
                The default is all.
                .El
                .Sh EXAMPLES
                .Bd -literal -offset indent
                safe open
                .Ed
                .Sh SEE ALSO
                .Xr locks 5 ,
                .Xr safe 8

                """)
    }
}
