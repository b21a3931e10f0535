// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization
import SystemPackage

/// A Debian 12 with real systemd as its first process, in a container with a network of its own.
///
/// What happens in it is gone with it; `make test` prepares what it is made of.
final class Container: Sendable {
    private static let folder = ".build/container"
    private static let numbers = Atomic(0)

    private let name: String
    private let boot: Int32
    /// The process that is number 1 inside.
    private let leader: Int32

    /// Boots one, has it used, and shuts it down, also after an error.
    static func with(_ body: (Container) throws -> Void) throws {
        let container = try Container()
        defer { container.stop() }
        try body(container)
    }

    private init() throws {
        let package = try Self.package()
        try Command.run("Tests/ServiceTests/container-root.sh", [package, Self.folder])
        name = "neti-\(getpid())-\(Self.numbers.add(1, ordering: .relaxed).newValue)"
        let here = FilePath(try Command.run("pwd", []).trimmed)
        var options = ["--bind-ro=\(here.appending(package)):/neti.deb"]
        let troubled = "neti-troubled-daemon"
        options.append("--bind-ro=\(here.appending(".build/release/\(troubled)")):/usr/sbin/\(troubled)")
        let log = "\(Self.folder)/\(name).log"
        boot = try Command.start(
            "Tests/ServiceTests/boot.sh", ["\(Self.folder)/root", name] + options, output: log)
        do {
            leader = try Self.waitUntilBooted(boot)
        } catch {
            Self.end(boot)
            let text = (try? Command.run("cat", [log])) ?? ""
            unsafe unlink(log)
            throw NetiError(error.errno, "\(error.reason):\n\(text)")
        }
    }

    /// The Debian package that `make deb` has built.
    private static func package() throws(NetiError) -> String {
        let found = try Command.run("find", [".build", "-maxdepth", "1", "-name", "neti_*.deb"]).split(separator: "\n")
        guard found.count == 1, let package = found.first else {
            throw NetiError(.noSuchFileOrDirectory, "\(found.count) packages neti_*.deb in .build; run 'make deb'")
        }
        return String(package)
    }

    /// Waits a minute at most; the number of the first process.
    private static func waitUntilBooted(_ boot: Int32) throws(NetiError) -> Int32 {
        var leader: Int32?
        let isUp = Deadline(.seconds(60)).sees {
            usleep(20_000)
            // boot.sh, timeout, systemd-nspawn, and what that has started.
            leader = child(of: boot).flatMap(child).flatMap(child)
            guard let leader,
                let state = try? Command.end("nsenter", inside(leader, ["systemctl", "is-system-running"]))
            else { return false }
            return ["running\n", "degraded\n"].contains(state.output)
        }
        guard isUp, let leader else { throw NetiError(.timedOut, "the container doesn't boot") }
        return leader
    }

    private static func child(of process: Int32) -> Int32? {
        (try? Command.run("pgrep", ["-P", "\(process)"])).flatMap { Int32($0.trimmed) }
    }

    private static func inside(_ leader: Int32, _ call: [String]) -> [String] {
        ["--target=\(leader)", "--all", "--"] + call
    }

    /// Runs a shell script inside and returns what it wrote.
    ///
    /// - Throws: `ECHILD` with what it wrote when a command of it fails.
    @discardableResult
    func run(_ script: String) throws(NetiError) -> String {
        try Command.run("nsenter", Self.inside(leader, ["sh", "-ec", script]))
    }

    /// Runs a shell script inside, which may fail.
    func end(_ script: String) throws(NetiError) -> Command.Ending {
        try Command.end("nsenter", Self.inside(leader, ["sh", "-ec", script]))
    }

    /// Whether a shell script comes to a good end within some time, when it is run again and again.
    func comesTrue(_ script: String, within duration: Duration = .seconds(10)) -> Bool {
        Deadline(duration).sees {
            if (try? end(script))?.status == 0 { return true }
            usleep(20_000)
            return false
        }
    }

    /// Writes a file inside.
    func write(_ path: String, _ text: String) throws(NetiError) {
        try Command.run("nsenter", Self.inside(leader, ["sh", "-ec", "cat >\(path)"]), input: text)
    }

    private func stop() {
        Self.end(boot)
        unsafe unlink("\(Self.folder)/\(name).log")
    }

    /// Shuts down; the script that has booted waits for the end and cleans up.
    private static func end(_ boot: Int32) {
        kill(boot, SIGTERM)
        _ = Command.wait(for: boot)
    }
}

extension String {
    /// Without the newline at the end.
    var trimmed: String { String(reversed().drop { $0.isNewline }.reversed()) }
}
