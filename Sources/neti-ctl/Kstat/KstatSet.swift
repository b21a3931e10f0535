// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl kstat set`.
struct KstatSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Write a statistic of a kstat that is writable.",
        discussion: """
            Values are written as --json shows them: numbers in decimal, times in nanoseconds, raw bytes all at once in \
            hexadecimal. Put -- in front of the operands where the value begins with a minus sign. Which kstats are \
            writable is among the flags that --json shows. Only root, the daemon's user, and members of the socket's \
            group may write, and the log tells who did.

            EXAMPLES
              neti-ctl kstat set count:0:seen:packets 0
              neti-ctl kstat set --netid 1 count:0:seen:bytes 0
            """)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The IP instance. (default: the only one that has such a kstat)", valueName: "number"))
    var netid: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(
        help: ArgumentHelp("What to write, without patterns.", valueName: "module:instance:name:statistic"))
    var statistic: String

    @Argument(help: "The new value.")
    var value: String

    func validate() throws {
        if request == nil { throw ValidationError("'\(statistic)' is not module:instance:name:statistic, all four") }
    }

    /// The call; nil if a part is missing or the instance is no number.
    var request: SetKstat? {
        let parts = statistic.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, !parts.contains(""), let instance = Int(parts[1]) else { return nil }
        return SetKstat(
            module: parts[0], instance: instance, name: parts[2], statistic: parts[3], value: value, netid: netid)
    }

    func run() throws {
        guard let request else { return }
        try output.show(try connection.call(request)) { _, _ in [] }
    }
}
