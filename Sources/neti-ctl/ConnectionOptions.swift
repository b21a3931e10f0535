// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import Glibc
import NetiControl

/// Where the daemon is; the same before and after the name of a command.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Path of the daemon's control socket. (default: $NETI_SOCKET, else \(ControlInterface.defaultSocketPath))",
            valueName: "path"),
        completion: .file())
    var socket: String?

    /// The path to use: the option, else `NETI_SOCKET` unless it is empty, else where the daemon is by default.
    func path(environment: [String: String]) -> String {
        if let socket { return socket }
        if let named = environment["NETI_SOCKET"], !named.isEmpty { return named }
        return ControlInterface.defaultSocketPath
    }

    /// The path to use here and now.
    var path: String { path(environment: ProcessInfo.processInfo.environment) }

    /// For how long a change of the configuration is waited for: it takes its time when it is about many instances, and
    /// goes on whether or not anybody waits.
    static let changeTimeout = Duration.seconds(600)

    /// Makes one call.
    ///
    /// - Parameter timeout: how long the daemon may take.
    /// - Throws: exit status 1, after one line on standard error.
    func call<Method: ControlMethod>(
        _ method: Method, timeout: Duration = .seconds(10)
    ) throws(ExitCode) -> Method.Reply {
        do throws(ControlClientError) {
            var client = try ControlClient(path: path, timeout: timeout)
            return try client.call(method)
        } catch {
            complain("\(error)")
            throw .failure
        }
    }

    /// Makes a call that has many replies; returns when `body` wants no more, or nobody reads standard output any more.
    ///
    /// - Throws: exit status 1, after one line on standard error.
    func call<Method: ControlMethod>(more method: Method, _ body: (Method.Reply) -> Bool) throws(ExitCode) {
        do throws(ControlClientError) {
            var client = try ControlClient(path: path)
            try client.call(more: method, whileReadAt: STDOUT_FILENO, body)
        } catch {
            complain("\(error)")
            throw .failure
        }
    }

    /// The same for a command that also ends when `goesOn` says so, which it is asked at least so often.
    ///
    /// - Throws: exit status 1, after one line on standard error.
    func call<Method: ControlMethod>(
        more method: Method, lookingEvery interval: Duration, while goesOn: () -> Bool, _ body: (Method.Reply) -> Bool
    ) throws(ExitCode) {
        do throws(ControlClientError) {
            var client = try ControlClient(path: path)
            try client.call(more: method, lookingEvery: interval, while: goesOn, body)
        } catch {
            complain("\(error)")
            throw .failure
        }
    }

    /// Does what talks to the daemon.
    ///
    /// - Throws: exit status 1, after one line on standard error.
    func complaining(_ body: () throws(ControlClientError) -> Void) throws(ExitCode) {
        do throws(ControlClientError) {
            try body()
        } catch {
            complain("\(error)")
            throw .failure
        }
    }

    /// Writes a message on standard error, as many lines as it has.
    func complain(_ message: String) {
        let lines = message.split(separator: "\n").map { printable(String($0)) }
        Terminal.write("neti-ctl: \(lines.joined(separator: "\n"))\n", to: STDERR_FILENO)
    }
}
