// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import SystemPackage

/// Another program, run to its end without a shell.
public enum Command {
    /// Runs a program and returns what it wrote.
    ///
    /// - Parameters:
    ///   - program: looked for in `PATH`.
    ///   - arguments: as they are, nothing is expanded.
    ///   - input: its standard input; at most what a pipe holds, 64 KiB.
    /// - Throws: `ENOENT` when there is no such program; `ECHILD` with what it wrote when it doesn't exit with 0.
    @discardableResult
    public static func run(_ program: String, _ arguments: [String], input: String = "") throws(NetiError) -> String {
        let ending = try end(program, arguments, input: input)
        guard ending.status == 0 else {
            let call = ([program] + arguments).joined(separator: " ")
            throw NetiError(.noChildProcess, "'\(call)' failed: \(ending.output)")
        }
        return ending.output
    }

    /// How a program came to its end.
    public struct Ending: Sendable {
        /// The number that its process had.
        public var process: Int32
        /// Its exit status; 128 and the signal's number when a signal ended it.
        public var status: Int32
        /// What it wrote to standard output and standard error.
        public var output: String
    }

    /// Runs a program to its end, whatever that is.
    ///
    /// - Parameter input: its standard input; at most what a pipe holds, 64 KiB.
    /// - Throws: `ENOENT` when there is no such program.
    public static func end(
        _ program: String, _ arguments: [String], input: String = ""
    ) throws(NetiError) -> Ending {
        let standardInput = try Pipe()
        try standardInput.write(input)
        let output = try Pipe()
        let process = try spawn(program, arguments, input: standardInput.reading, output: output.writing)
        output.closeWriting()
        let text = output.readAll()
        return Ending(process: process, status: wait(for: process), output: text)
    }

    /// Waits for the end of a process that was started here; its exit status, or 128 and the number of the signal that
    /// ended it.
    public static func wait(for process: Int32) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) == -1 && errno == EINTR {}
        return exitStatus(status)
    }

    /// Like ``wait(for:)`` without waiting; nil while the process runs.
    static func poll(_ process: Int32) -> Int32? {
        var status: Int32 = 0
        return unsafe waitpid(process, &status, WNOHANG) == process ? exitStatus(status) : nil
    }

    /// Takes apart what waitpid(2) stores: the signal in the low seven bits, the exit status above them.
    private static func exitStatus(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }

    /// Starts a program that goes on by itself, with an empty standard input; the caller waits for its end.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is looked for in `PATH`.
    ///   - output: the file that gets what it writes, made anew.
    /// - Throws: `ENOENT` when there is no such program.
    public static func start(_ program: String, _ arguments: [String], output: String) throws(NetiError) -> Int32 {
        let file = unsafe open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw NetiError(Errno(rawValue: errno), "can't write \(output)") }
        defer { close(file) }
        let nothing = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard nothing >= 0 else { throw NetiError(Errno(rawValue: errno), "can't open /dev/null") }
        defer { close(nothing) }
        return try spawn(program, arguments, input: nothing, output: file)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], input: Int32, output: Int32
    ) throws(NetiError) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        // A program starts with no signal blocked, whatever the caller has blocked for itself.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var nothingBlocked = sigset_t()
        unsafe sigemptyset(&nothingBlocked)
        unsafe posix_spawnattr_setsigmask(&attributes, &nothingBlocked)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, program, &actions, &attributes, &words, environ)
        guard code == 0 else {
            throw NetiError(
                Errno(rawValue: code),
                code == ENOENT ? "the program '\(program)' is missing; install it" : "can't run '\(program)'")
        }
        return process
    }
}

/// Two ends of a pipe, made of sockets, closed on exec.
private final class Pipe {
    let reading: Int32
    private(set) var writing: Int32

    init() throws(NetiError) {
        var ends: [Int32] = [-1, -1]
        // Not a pipe(2): only sockets are closed on exec from the start with what Glibc's module shows.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make a pair of sockets")
        }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        closeWriting()
        close(reading)
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    func write(_ text: String) throws(NetiError) {
        var bytes = Array(text.utf8)
        guard bytes.count <= 65_536, unsafe Glibc.write(writing, &bytes, bytes.count) == bytes.count else {
            throw NetiError(.invalidArgument, "\(bytes.count) bytes don't fit into a pipe")
        }
        closeWriting()
    }

    func readAll() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(reading, &buffer, buffer.count)
            if count > 0 {
                all += buffer.prefix(count)
            } else if count == 0 || errno != EINTR {
                return String(decoding: all, as: UTF8.self)
            }
        }
    }
}
