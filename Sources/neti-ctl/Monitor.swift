// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Glibc
public import NetiControl

/// `neti-ctl monitor`.
struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Tell what happens, one line each, until interrupted.",
        discussion: """
            The first line, "ready", says that what happens from then on is told:

              instance      up, gone (its namespace vanished), or failed and why
              notification  a family, event or hook is registered or unregistered
              nic           NE_PLUMB, NE_UP, NE_ADDRESS_CHANGE and so on, with the
                            number of the logical interface ("lif")
              kstat         one is created or deleted, or a statistic has changed;
                            looked at once a second

            Each line has the time (UTC), the kind, the name of the instance, and what happened. A line "lost" tells how \
            many events are missing because they were read too slowly; --kind and --instance make them fewer. The daemon \
            never waits for a monitor, and serves a limited number of them.

            With --json each line is one JSON object: the event as the daemon gave it, the time in microseconds.

            Ends with status 0 when interrupted (Ctrl-C), with 1 when the daemon goes.

            EXAMPLES
              neti-ctl monitor
              neti-ctl monitor --kind instance --kind nic
              neti-ctl monitor --instance blue --json
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only of this kind; may be given several times.", valueName: "kind"))
    var kind: [Monitor.Kind] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only of the instance with this name, which need not exist yet.", valueName: "name"))
    var instance: String?

    @Flag(name: .long, help: "One JSON object a line, keys sorted, instead of text.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    /// The options as a call.
    var call: Monitor { Monitor(kinds: kind.isEmpty ? nil : kind, instance: instance) }

    func run() throws {
        // Being interrupted is how this ends. Each line is one write(2), so none is cut.
        signal(SIGINT) { _ in _exit(0) }
        var rendering = MonitorRendering()
        try connection.call(more: call) { reply in
            guard let line = json ? try? jsonLine(reply.event) : rendering.line(reply.event) else { return false }
            return Terminal.write(line: line)
        }
        // The daemon has no last event.
        throw Terminal.brokenPipe()
    }
}

extension Monitor.Kind: ExpressibleByArgument {}
