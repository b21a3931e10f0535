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

    /// Where it keeps its configuration, its log and, unless told otherwise, its control socket.
    public let folder: String

    /// Where `neti-ctl` reaches it.
    public let controlSocket: String

    /// What its configuration says before the first `[[instance]]`.
    private let daemonTable: String

    private let exitStatus = Mutex<Int32?>(nil)

    /// Starts a daemon; ``waitUntilReady()`` waits for it.
    ///
    /// - Parameters:
    ///   - instances: the configuration from the first `[[instance]]` on.
    ///   - files: further files beside the configuration, name and text.
    ///   - host: where it runs, so that the host is the instance `global`; nil for the caller's own namespace.
    ///   - controlSocket: another path than one in its folder.
    ///   - state: another folder than its own for what outlives it.
    ///   - settings: further lines of the configuration's `[daemon]`.
    ///   - program: another program than `neti-daemon` that takes the same arguments.
    ///   - prefix: a program with its arguments that becomes the daemon, such as `prlimit`.
    ///   - missing: capabilities that it doesn't have: `net_raw`.
    public init(
        instances: String, files: [String: String] = [:], on host: Host? = nil, controlSocket: String? = nil,
        state: String? = nil, settings: String = "", program: String = "neti-daemon", prefix: [String] = [],
        without missing: [String] = []
    ) throws(NetiError) {
        folder = "\(Self.folderPrefix)\(Self.numbers.add(1, ordering: .relaxed).newValue)"
        self.controlSocket = controlSocket ?? "\(folder)/neti.sock"
        daemonTable = """
            [daemon]
            control-socket = "\(self.controlSocket)"
            state-directory = "\(state ?? folder)"
            state-interval = 1
            \(settings)


            """
        guard unsafe mkdir(folder, 0o700) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make the folder \(folder)")
        }
        do throws(NetiError) {
            for (name, text) in files { try writeFile("\(folder)/\(name)", text) }
            let configuration = "\(folder)/neti.toml"
            try writeFile(configuration, daemonTable + instances)
            var call = prefix + [try Self.program(program), "--config", configuration]
            if !missing.isEmpty {
                call = ["setpriv", "--bounding-set=" + missing.map { "-\($0)" }.joined(separator: ",")] + call
            }
            // `ip` and `setpriv` become the program that they run, so that the process number stays the daemon's.
            if let host { call = ["ip", "netns", "exec", host.name] + call }
            process = try Command.start(call[0], Array(call.dropFirst()), output: "\(folder)/log")
        } catch {
            Self.remove(folder)
            throw error
        }
    }

    deinit {
        stop()
    }

    private static let numbers = Atomic(0)

    private static var folderPrefix: String { "/tmp/neti-\(getpid())-" }

    /// Folders that this process has made and not removed yet.
    public static var remaining: [String] {
        listFolder("/tmp").map { "/tmp/\($0)" }.filter { $0.hasPrefix(folderPrefix) }
    }

    /// What it has written so far.
    public var log: String { (try? readFile("\(folder)/log")) ?? "" }

    /// Writes another configuration, which the daemon doesn't know until it reloads.
    ///
    /// - Parameter settings: further lines of `[daemon]`, behind those of the start.
    public func configure(instances: String, settings: String = "") throws(NetiError) {
        try writeFile("\(folder)/neti.toml", daemonTable + settings + "\n\n" + instances)
    }

    /// Writes a file beside the configuration.
    public func write(_ text: String, to name: String) throws(NetiError) {
        try writeFile("\(folder)/\(name)", text)
    }

    /// Sends a signal.
    public func signal(_ number: Int32) {
        exitStatus.withLock { status in
            if status == nil { kill(process, number) }
        }
    }

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

    /// Waits until it has written something, five seconds at most; whether it did.
    public func logs(_ text: String) -> Bool {
        Deadline(.seconds(5)).sees { log.contains(text) }
    }

    /// Runs `neti-ctl` and returns what it wrote.
    public func control(_ arguments: String...) throws(NetiError) -> String {
        try control(arguments)
    }

    /// Runs `neti-ctl` and returns what it wrote.
    public func control(_ arguments: [String]) throws(NetiError) -> String {
        try Command.run(try Self.program("neti-ctl"), arguments + ["--socket", controlSocket])
    }

    /// Runs `neti-ctl`, which may fail.
    public func controlEnding(_ arguments: String...) throws(NetiError) -> Command.Ending {
        try control(ending: arguments)
    }

    /// Runs `neti-ctl`, which may fail.
    public func control(ending arguments: [String]) throws(NetiError) -> Command.Ending {
        try Command.end(try Self.program("neti-ctl"), arguments + ["--socket", controlSocket])
    }

    /// Whether it has ended by itself.
    public func hasEnded() -> Bool {
        exitStatus.withLock { status in
            if status == nil { status = Command.poll(process) }
            return status != nil
        }
    }

    /// Waits for it to end by itself, ten seconds at most; its exit status.
    public func waitUntilEnded() -> Int32? {
        _ = Deadline(.seconds(10)).sees { hasEnded() }
        return exitStatus.withLock { $0 }
    }

    /// Ends it as a power failure would, without a chance to clean up, and waits for its end.
    public func crash() {
        end(SIGKILL)
    }

    /// Ends it as a service manager would and waits for its end; its exit status.
    @discardableResult
    public func terminate() -> Int32 {
        end(SIGTERM)
    }

    /// Ends it like ``terminate()`` and removes its folder. May be called more than once.
    public func stop() {
        terminate()
        Self.remove(folder)
    }

    @discardableResult
    private func end(_ signal: Int32) -> Int32 {
        exitStatus.withLock { status in
            if let status { return status }
            kill(process, signal)
            let ended = Command.wait(for: process)
            status = ended
            return ended
        }
    }

    /// The path of one of the project's programs: beside this one, as in `.build/release`, or, for tests, which run
    /// inside a program of the toolchain, in the folder of debug builds; first of all in what `NETI_PROGRAMS` names.
    ///
    /// - Throws: `ENOENT` when it isn't built.
    public static func program(_ name: String) throws(NetiError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let path = buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:))
        let own = FilePath(String(decoding: path, as: UTF8.self)).removingLastComponent()
        let named = unsafe getenv("NETI_PROGRAMS").map { [unsafe String(cString: $0)] } ?? []
        for folder in named + [own.string, ".build/debug"] {
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
