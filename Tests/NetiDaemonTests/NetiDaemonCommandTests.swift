// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SystemPackage
import Testing

@testable import neti_daemon

/// The arguments of `neti-daemon`, and what `--check-config` ends with.
struct NetiDaemonCommandTests {
    @Test func configurationHasADefaultPlace() throws {
        #expect(try NetiDaemonCommand.parse([]).config == "/etc/neti/neti.toml")
        #expect(try NetiDaemonCommand.parse(["--config", "/x.toml"]).config == "/x.toml")
        #expect(try NetiDaemonCommand.parse([]).checkConfig == nil)
    }

    @Test(arguments: [["--config"], ["--check-config"], ["--verbose"], ["file"]])
    func wrongArgumentsEndWithUsage(arguments: [String]) {
        #expect { try NetiDaemonCommand.parse(arguments) } throws: {
            NetiDaemonCommand.exitCode(for: $0) == .validationFailure
        }
    }

    @Test func rightConfigurationPassesTheCheck() async throws {
        let sample = ConfigurationTests.samples.appending("neti.toml").string
        try await NetiDaemonCommand.parse(["--check-config", sample]).run()
    }

    /// A service manager tells by the status that another try is no use.
    @Test(arguments: [("--check-config", Int32(1)), ("--config", 78)])
    func wrongConfigurationHasItsStatus(option: String, status: Int32) async throws {
        let fixture = try ConfigurationFixture("[daemon]\npumps = 0\n")
        let command = try NetiDaemonCommand.parse([option, fixture.path])
        await #expect(throws: ExitCode(status)) { try await command.run() }
    }
}
