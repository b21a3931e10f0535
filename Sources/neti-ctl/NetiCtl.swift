// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Arguments only; what a command does is in its own file.
@main
struct NetiCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neti-ctl",
        abstract: "Look into a running neti-daemon, and give it packets.",
        discussion: """
            Every command asks the daemon over its control socket and prints the answer as text for people, or with \
            --json as the daemon gave it, for programs. Text is cut to the width of the terminal, and never when it goes \
            to a file or a pipe.

            The socket is open to root, the daemon's user, and the group that the configuration names.

            EXIT STATUS
              0    done, or interrupted (monitor, top)
              1    the daemon is absent, refused or went, or nothing matched (kstat)
              64   wrong arguments
              130  interrupted (inject)

            EXAMPLES
              neti-ctl status
              neti-ctl instance list
              neti-ctl hook list --instance blue
              neti-ctl hook add counter --module count --event PHYSICAL_IN --save
              neti-ctl kstat -p inet:0:PHYSICAL_IN:events
              neti-ctl top
              neti-ctl graph -o neti.svg
              neti-ctl monitor --kind instance
              neti-ctl inject -i blue --style queue-in --interface veth0 packets.pcap
              neti-ctl reload --confirm 30
              neti-ctl log-level debug
            """,
        subcommands: [
            StatusCommand.self, InstanceCommand.self, HookCommand.self, KstatCommand.self, TopCommand.self,
            GraphCommand.self, MetricsCommand.self, MonitorCommand.self, CaptureCommand.self, InjectCommand.self,
            ReloadCommand.self, ConfirmCommand.self, CheckCommand.self, SaveCommand.self, LogLevelCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
}
