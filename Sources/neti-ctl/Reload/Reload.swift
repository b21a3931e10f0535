// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl reload`.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Let the daemon follow its configuration file again.",
        discussion: """
            The daemon checks the whole file and every file that it names, then makes the fewest changes, all or none. \
            What stays the same keeps its counters and its place, and no packet is lost or passes unfiltered; where \
            'on-exit' or a priority changes, hooks may see packets twice for some 20 ms. A namespace whose instance \
            gets another name is told as "remade": for a moment its packets go the way of 'on-exit'. If anything is \
            wrong, nothing changes and the mistakes are told with file and line, status 1. What changed is printed, a \
            line each, and what 'hook add' and the like have changed without --save, which is discarded. 'systemctl \
            reload neti' is this command; SIGHUP does the same and tells the log.

            With --confirm everything goes back as it was after that time, unless 'neti-ctl confirm' comes before: so \
            a mistake can't lock you out. It goes back to the rules that were loaded, whatever the files say by then. \
            If it can't, the log says why, and it tries again until it can, the reload is confirmed, or another reload \
            succeeds. A daemon that is restarted meanwhile begins with the files as they are.

            Only root, the daemon's user, and members of the socket's group may do this.

            EXAMPLES
              neti-ctl check
              neti-ctl reload
              neti-ctl reload --confirm 30 && neti-ctl confirm
            """)

    @Option(
        help: ArgumentHelp(
            "Go back after so many seconds, 1 to \(Reload.longestWait), unless 'neti-ctl confirm' comes.",
            valueName: "seconds"))
    var confirm: Int?

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard let confirm else { return }
        if dryRun { throw ValidationError("nothing is changed with '--dry-run', so there is nothing to confirm") }
        guard (1...Reload.longestWait).contains(confirm) else {
            throw ValidationError("'--confirm' takes 1 to \(Reload.longestWait) seconds")
        }
    }

    func run() throws {
        let request = Reload(confirm: confirm, dryRun: dryRun ? true : nil)
        let reply = try connection.call(request, timeout: ConnectionOptions.changeTimeout)
        try output.show(reply) { reply, _ in changeLines(reply) }
    }
}

/// The changes, a line each, then what was not saved and doesn't hold any longer.
func changeLines(_ reply: Reload.Reply) -> [String] {
    let changes = reply.changes.isEmpty ? ["nothing to change"] : reply.changes.map(\.line)
    return changes + reply.discarded.map { "not saved, discarded: \($0.line)" }
}

extension Reload.Change {
    /// `changed: instance blue, hook ipf (hint "none" -> "first")`.
    var line: String {
        var subject = instance.map { "instance \($0)" } ?? "daemon"
        if let hook { subject += ", hook \(hook)" }
        let details = details.isEmpty ? "" : " (\(details.joined(separator: "; ")))"
        return printable("\(action.rawValue): \(subject)\(details)")
    }
}
