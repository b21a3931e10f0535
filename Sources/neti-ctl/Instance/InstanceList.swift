// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl instance list`.
struct InstanceListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the IP instances.",
        discussion: """
            One line for each instance, by netid; netid 0 is the namespace in which the daemon runs. STATE is "up", \
            "waiting" (its namespace is not there yet), "gone" (it vanished), or "failed", with the reason below the \
            table. Names of namespaces that would have become instances but for another one stand there too. ON-EXIT says whether packets pass ("open") or stop ("closed") while no daemon runs. RECEIVED are the \
            packets that the daemon read, DROPPED those that a hook dropped, LOST those that the kernel dropped because \
            a queue or a socket buffer was full. While there are any, HELD are packets that wait to be injected or for \
            the hook that holds them, OLDEST tells for how long the oldest one has waited. An instance that the configuration \
            file has otherwise or not at all, or whose hooks it has otherwise, is marked "not saved".

            With --queues one line for each queue: ACCEPTED and DROPPED are verdicts, Q-FULL and S-FULL packets that the \
            kernel dropped because the queue or the socket buffer was full, OVERRUNS how often reading reported lost \
            packets (ENOBUFS), WAITING packets without a verdict.

            EXAMPLES
              neti-ctl instance list
              neti-ctl instance list --queues
              neti-ctl instance ls --json
            """,
        aliases: ["ls"])

    @Flag(name: .long, help: "One line for each queue instead.")
    var queues = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(ListInstances())) { reply, width in
            queues ? queueLines(reply.instances, width: width) : instanceLines(reply.instances, width: width)
        }
    }
}

/// One line for each instance, then the reasons of those that failed, then names that are no instances.
func instanceLines(_ instances: [ListInstances.Instance], width: Int?) -> [String] {
    let isHeld = instances.contains { $0.held.packets > 0 }
    let areSaved = instances.allSatisfy(\.saved)
    let table = Table(
        [
            .number("NETID"), .text("NAME"), .text("NETNS"), .word("STATE"), .word("ON-EXIT"), .number("HOOKS"),
            .number("RECEIVED"), .number("DROPPED"), .number("LOST"),
        ] + (isHeld ? [.number("HELD"), .number("OLDEST")] : []) + (areSaved ? [] : [.word("NOTE")]),
        instances.map { instance in
            let sum = { (counter: (ListInstances.Queue) -> Int) in "\(instance.queues.map(counter).reduce(0, +))" }
            let held = ["\(instance.held.packets)", instance.held.oldest.map(age) ?? "-"]
            return [
                "\(instance.netid)", instance.name, instance.netns ?? "-", instance.state.rawValue,
                instance.onExit.rawValue, "\(instance.hooks)", sum(\.received), sum(\.dropped),
                sum { $0.queueFullDrops + $0.socketFullDrops },
            ] + (isHeld ? held : []) + (areSaved ? [] : [savedNote(instance.saved)])
        })
    let reasons = instances.compactMap { instance in
        instance.reason.map { printable("\(instance.name): \($0)") }
    }
    let passedOver = instances.flatMap { instance in
        instance.aliases.map { printable("\(instance.name): \($0) is the same namespace") }
            + instance.shadowed.map { printable("\(instance.name): \($0) has no instance, for the name is taken") }
    }
    let unseen = instances.filter { $0.passedUnseen > 0 }.map { instance in
        printable(
            "\(instance.name): \(instance.passedUnseen) packets passed unseen because a queue was full (fail-open)")
    }
    let notes = reasons + passedOver + unseen
    return table.lines(width: width) + (notes.isEmpty ? [] : [""] + notes)
}

/// Milliseconds, from ten seconds on in larger units.
private func age(_ milliseconds: Int) -> String {
    milliseconds < 10_000 ? "\(milliseconds) ms" : span(milliseconds / 1000)
}

/// One line for each queue.
func queueLines(_ instances: [ListInstances.Instance], width: Int?) -> [String] {
    Table(
        [
            .text("NAME"), .number("QUEUE"), .number("RECEIVED"), .number("ACCEPTED"), .number("DROPPED"),
            .number("Q-FULL"), .number("S-FULL"), .number("OVERRUNS"), .number("WAITING"),
        ],
        instances.flatMap { instance in
            instance.queues.map { queue in
                [
                    instance.name, "\(queue.number)", "\(queue.received)", "\(queue.accepted)", "\(queue.dropped)",
                    "\(queue.queueFullDrops)", "\(queue.socketFullDrops)", "\(queue.overruns)", "\(queue.waiting)",
                ]
            }
        }
    ).lines(width: width)
}
