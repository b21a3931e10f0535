// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import NetiControl

/// `neti-ctl kstat show`.
struct KstatShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show kernel statistics, as kstat(1M) does on Solaris.",
        discussion: """
            Each statistic has a name in four parts, module:instance:name:statistic. Every part may be a shell pattern \
            with *, ? and [...]; one that is empty or missing at the end stands for any. A statistic is shown if any \
            operand matches. crtime, snaptime and class can be asked for like statistics. These times and those of kstats of \
            the types io and timer are in seconds here, and in nanoseconds with --json; raw bytes are in hexadecimal.

            Numbers at the end of the operands are an interval in seconds, after which everything is shown again, and \
            how often, without which there is no end. A module whose name is a number is meant by '7:'.

            The instance is that of the kstat. IP instances are told apart by their netid: choose one with --netid where \
            several have statistics of the same names.

            Exit status 1 if nothing matches.

            EXAMPLES
              neti-ctl kstat
              neti-ctl kstat -p inet:0:PHYSICAL_IN:events
              neti-ctl kstat -p -c hook -s hook_hits
              neti-ctl kstat -l 'inet*'
              neti-ctl kstat --netid 1 ::filter
              neti-ctl kstat -p neti::queue:received 1 10
            """)

    @Flag(name: [.customShort("p"), .long], help: "One line for each statistic: its name, a tab, its value.")
    var parseable = false

    @Flag(name: [.customShort("l"), .long], help: "Only the names, one on each line.")
    var list = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Only of this module.", valueName: "pattern"))
    var module: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only of this kstat instance.", valueName: "pattern"))
    var instance: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only kstats of this name.", valueName: "pattern"))
    var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only statistics of this name.", valueName: "pattern"))
    var statistic: String?

    @Option(name: [.customShort("c"), .long], help: ArgumentHelp("Only kstats of this class.", valueName: "pattern"))
    var `class`: String?

    @Option(name: .long, help: ArgumentHelp("Only of the IP instance with this number.", valueName: "number"))
    var netid: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(
        help: ArgumentHelp(
            "What to show, by default everything; then how often.",
            valueName: "module:instance:name:statistic ... interval count"))
    var operands: [String] = []

    /// The operands without the numbers at their end, and what these mean; nil if they mean nothing.
    private var parsedOperands: (names: [String], repetition: Repetition)? {
        var names = operands
        return Repetition(trailing: &names).map { (names, $0) }
    }

    /// How often to show.
    var repetition: Repetition? { parsedOperands?.repetition }

    func validate() throws {
        if [parseable, list, output.json].count(where: \.self) > 1 {
            throw ValidationError("only one of -p, -l and --json may be given")
        }
        guard let operands = parsedOperands?.names else {
            throw ValidationError("the interval and the count are 1 at least")
        }
        if !operands.isEmpty, [module, instance, name, statistic].contains(where: { $0 != nil }) {
            throw ValidationError("-m, -i, -n and -s cannot be given together with an operand")
        }
        if let wrong = operands.first(where: { KstatPattern(operand: $0) == nil }) {
            throw ValidationError("'\(wrong)' has more than the four parts module:instance:name:statistic")
        }
    }

    /// The options or operands as patterns.
    var patterns: [KstatPattern] {
        guard let operands = parsedOperands?.names, !operands.isEmpty else {
            return [
                KstatPattern(module: module, instance: instance, name: name, statistic: statistic, class: self.class)
            ]
        }
        return operands.compactMap { operand in
            var pattern = KstatPattern(operand: operand)
            pattern?.class = self.class
            return pattern
        }
    }

    func run() throws {
        let repetition = repetition ?? Repetition()
        var isEmpty = true
        var rounds = 0
        var next = ContinuousClock.now
        while true {
            if try show(isFirst: rounds == 0) { isEmpty = false }
            rounds += 1
            try Terminal.flush()
            guard let interval = repetition.interval, rounds < repetition.count ?? .max else { break }
            next += .seconds(interval)
            guard Terminal.isRead(until: next) else { throw Terminal.brokenPipe() }
        }
        if isEmpty { throw ExitCode.failure }
    }

    /// Shows everything once; whether there was anything.
    private func show(isFirst: Bool) throws -> Bool {
        let patterns = patterns
        let request = patterns.count == 1 ? patterns[0].request(netid: netid) : ListKstats(netid: netid)
        let selection = KstatSelection(try connection.call(request).kstats, patterns)
        if output.json {
            print(try jsonText(selection.reply))
            return !selection.items.isEmpty
        }
        // Blocks have an empty line at their end.
        if !isFirst, parseable || list { print() }
        for line in parseable ? selection.parseable : list ? selection.names : selection.blocks { print(line) }
        return !selection.items.isEmpty
    }
}
