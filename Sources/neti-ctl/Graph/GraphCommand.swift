// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import NetiControl

/// `neti-ctl graph`.
struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draw instances, events and chains with their counters, as SVG.",
        discussion: """
            Each instance is a card. On it, each event that has hooks is a line, in the order in which a packet meets \
            them, and on the line stand the hooks in chain order, with the packets that each was called for and those \
            that it dropped. What flows is drawn the thicker the more of the event's packets come so far.

            The picture follows the reader's choice of light or dark, unless --theme says which. It goes to standard \
            output, or to a file, which is replaced when the picture is complete.

            EXAMPLES
              neti-ctl graph --output neti.svg
              neti-ctl graph --instance blue --theme light | rsvg-convert > blue.png
            """)

    /// Which colours the picture has.
    enum Theme: String, CaseIterable, ExpressibleByArgument {
        case auto, light, dark
    }

    @Option(name: .shortAndLong, help: ArgumentHelp("Write to this file.", valueName: "path"), completion: .file())
    var output: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only this instance, by its name in 'instance list'.", valueName: "name"))
    var instance: String?

    @Option(name: .long, help: "Whose colours: the reader's choice, light, or dark.")
    var theme = Theme.auto

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        // The hooks first: the daemon says so if there is no such instance.
        let hooks = try connection.call(ListHooks(instance: instance)).hooks
        let instances = try connection.call(ListInstances()).instances.filter { instance == nil || $0.name == instance }
        let graph = Graph(instances, hooks)
        let svg = graph.svg(theme, title: "neti, \(Date().formatted(.iso8601))")
        guard let output else {
            print(svg, terminator: "")
            try Terminal.flush()
            return
        }
        do {
            try Data(svg.utf8).write(to: URL(filePath: output), options: .atomic)
        } catch {
            connection.complain("can't write \(output)")
            throw ExitCode.failure
        }
    }
}
