// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import Synchronization
import SystemPackage

/// A `neti-daemon` in a process of its own, with a folder for its configuration and socket.
///
/// Ended, and its folder removed, by ``stop()`` or with the object.
public final class DaemonProcess: Sendable {
    /// Its process number.
    public let process: Int32

    private let folder: String
    private let isRunning = Mutex(true)

    /// Starts a daemon; ``waitUntilReady()`` waits for it.
    ///
    /// - Parameters:
    ///   - instances: the configuration from the first `[[instance]]` on.
    ///   - files: further files beside the configuration, name and text.
    public init(instances: String, files: [String: String] = [:]) throws(NetiError) {
        folder = "/tmp/neti-\(getpid())-\(Self.numbers.add(1, ordering: .relaxed).newValue)"
        guard unsafe mkdir(folder, 0o700) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make the folder \(folder)")
        }
        do throws(NetiError) {
            for (name, text) in files { try writeFile("\(folder)/\(name)", text) }
            try writeFile(
                "\(folder)/neti.toml", "[daemon]\ncontrol-socket = \"\(folder)/neti.sock\"\n\n" + instances)
            process = try Command.start(
                try Self.program("neti-daemon"), ["--config", "\(folder)/neti.toml"], output: "\(folder)/log")
        } catch {
            Self.remove(folder)
            throw error
        }
    }

    deinit {
        stop()
    }

    private static let numbers = Atomic(0)

    /// What it has written so far.
    public var log: String { (try? readFile("\(folder)/log")) ?? "" }

    /// Waits until the daemon answers, ten seconds at most.
    ///
    /// - Throws: `ECHILD` with what the daemon wrote, when it ended instead.
    public func waitUntilReady() throws(NetiError) {
        let deadline = Deadline(.seconds(10))
        while deadline.milliseconds > 0 {
            if log.contains(" ready"), (try? control("status")) != nil { return }
            if hasEnded() { break }
            usleep(5_000)
        }
        throw NetiError(.noChildProcess, "the daemon doesn't answer; it wrote:\n\(log)")
    }

    /// Runs `neti-ctl` and returns what it wrote.
    public func control(_ arguments: String...) throws(NetiError) -> String {
        try Command.run(try Self.program("neti-ctl"), arguments + ["--socket", "\(folder)/neti.sock"])
    }

    /// Whether it has ended by itself.
    public func hasEnded() -> Bool {
        isRunning.withLock { isRunning in
            var status: Int32 = 0
            if isRunning, unsafe waitpid(process, &status, WNOHANG) == process { isRunning = false }
            return !isRunning
        }
    }

    /// Ends it as a power failure would, without a chance to clean up, and waits for its end.
    public func crash() {
        end(SIGKILL)
    }

    /// Ends it as a service manager would, waits for its end and removes its folder. May be called more than once.
    public func stop() {
        end(SIGTERM)
        Self.remove(folder)
    }

    private func end(_ signal: Int32) {
        isRunning.withLock { isRunning in
            guard isRunning else { return }
            kill(process, signal)
            var status: Int32 = 0
            while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
            isRunning = false
        }
    }

    /// The path of one of the project's programs: beside this one, as in `.build/release`, or, for tests, which run
    /// inside a program of the toolchain, in the folder of debug builds.
    private static func program(_ name: String) throws(NetiError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let path = buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:))
        let own = FilePath(String(decoding: path, as: UTF8.self)).removingLastComponent()
        for folder in [own.string, ".build/debug"] {
            let path = "\(folder)/\(name)"
            if unsafe access(path, X_OK) == 0 { return path }
        }
        throw NetiError(.noSuchFileOrDirectory, "the program '\(name)' isn't built")
    }

    private static func remove(_ folder: String) {
        for name in listFolder(folder) { unsafe unlink("\(folder)/\(name)") }
        unsafe rmdir(folder)
    }
}
