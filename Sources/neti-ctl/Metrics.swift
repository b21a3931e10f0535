// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiControl

/// `neti-ctl metrics`.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the figures of all instances for Prometheus.",
        discussion: """
            The same text that Prometheus fetches where the configuration has 'metrics' in [daemon] (exposition format \
            0.0.4), at most a second old: packets by queue, verdict, event and hook, what the kernel dropped, held packets \
            and injection. The label ip_instance is an instance's name.

            EXAMPLES
              neti-ctl metrics
              neti-ctl metrics > /var/lib/prometheus/node-exporter/neti.prom
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try output.show(try connection.call(GetMetrics())) { reply, _ in
            [String(reply.text.hasSuffix("\n") ? reply.text.dropLast() : reply.text[...])]
        }
    }
}
