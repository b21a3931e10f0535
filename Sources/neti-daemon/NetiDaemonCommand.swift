// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NetiDaemon
import SystemPackage

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

    func run() async throws {
        let configuration = try load(checkConfig ?? config)
        if let checkConfig {
            print("\(checkConfig): \(configuration.summary)")
            return
        }
        do {
            try await Daemon(configuration, path: config).run()
        } catch {
            try fail("neti-daemon: \(error)")
        }
    }

    /// Reads a configuration and the files that it names; says everything that is wrong with them and ends with status
    /// 1 if anything is.
    private func load(_ path: String) throws -> Configuration {
        do throws(ConfigurationError) {
            return try Daemon.load(path)
        } catch {
            try fail("\(error)")
        }
    }

    private func fail(_ message: String) throws -> Never {
        _ = try? FileDescriptor.standardError.writeAll("\(message)\n".utf8)
        throw ExitCode.failure
    }
}
