// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiDaemon

/// The arguments of `neti-daemon`, and what they start.
@main
struct NetiDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neti-daemon",
        abstract: "Run packets of this machine's network namespaces through chains of hooks.",
        version: Daemon.version)

    @Option(help: ArgumentHelp("Run with this configuration.", valueName: "file"))
    var config = "/etc/neti/neti.toml"

    @Option(help: ArgumentHelp("Say what is wrong with a configuration, and do nothing else.", valueName: "file"))
    var checkConfig: String?

    /// The status of a daemon whose configuration is wrong, EX_CONFIG of sysexits.h(3head): another try is no use before
    /// somebody has changed it.
    private static let wrongConfiguration = ExitCode(78)

    /// On the first thread, while there are no others.
    @MainActor
    static func main() async {
        Daemon.shareHeap()
        await main(nil)
    }

    func run() async throws {
        if let checkConfig {
            print("\(checkConfig): \(try load(checkConfig, orFailWith: .failure).summary)")
            return
        }
        let configuration = try load(config, orFailWith: Self.wrongConfiguration)
        do {
            try await Daemon(configuration, path: config).run()
        } catch {
            Daemon.complain("neti-daemon: \(error)")
            throw ExitCode.failure
        }
    }

    /// Reads a configuration and the files that it names; says everything that is wrong with them if anything is.
    private func load(_ path: String, orFailWith status: ExitCode) throws(ExitCode) -> Configuration {
        do throws(ConfigurationError) {
            return try Daemon.load(path)
        } catch {
            Daemon.complain("\(error)")
            throw status
        }
    }
}
