// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

/// A program on a terminal of its own (pty(7)), of which it is in control: keys, signals and sizes are real.
///
/// Blocks; every wait ends after ten seconds.
final class PseudoTerminal: Sendable {
    private let terminal: CInt
    private let process: pid_t
    private let received = Mutex<[UInt8]>([])

    init(_ program: [String], environment: [String], width: Int, height: Int) throws {
        // What posix_openpt(3), unlockpt(3) and ptsname(3) do, which Swift's Glibc module lacks.
        terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (CInt, CInt) = (0, 0)
        guard terminal >= 0, unsafe ioctl(terminal, 0x4004_5431, &lock) == 0,
            unsafe ioctl(terminal, 0x8004_5430, &number) == 0
        else { throw Errno(rawValue: errno) }
        let name = "/dev/pts/\(number)"
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens becomes the one in control.
        unsafe posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var nothingBlocked = sigset_t()
        unsafe sigemptyset(&nothingBlocked)
        unsafe posix_spawnattr_setsigmask(&attributes, &nothingBlocked)
        // POSIX_SPAWN_SETSID, a macro that Swift's Glibc module lacks.
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | 0x80)
        var words = unsafe program.map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var started: pid_t = 0
        Self.resize(terminal, width, height)
        let code = unsafe posix_spawn(&started, program[0], &actions, &attributes, &words, &variables)
        guard code == 0 else { throw Errno(rawValue: code) }
        process = started
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        close(terminal)
    }

    /// Presses keys.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(terminal, bytes, bytes.count)
    }

    func send(_ signal: CInt) { kill(process, signal) }

    func resize(width: Int, height: Int) { Self.resize(terminal, width, height) }

    private static func resize(_ terminal: CInt, _ width: Int, _ height: Int) {
        var size = winsize(
            ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    /// Whether what is typed is shown and comes line by line, as a shell has it.
    var isAsBefore: Bool {
        var settings = termios()
        guard unsafe tcgetattr(terminal, &settings) == 0 else { return false }
        return settings.c_lflag & tcflag_t(ECHO | ICANON) == tcflag_t(ECHO | ICANON)
    }

    /// Waits until the program writes this, from what was found last on.
    func shows(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        let end = ContinuousClock.now + .seconds(10)
        while true {
            let isThere = received.withLock { received in
                guard let place = received.firstRange(of: wanted) else { return false }
                received.removeSubrange(..<place.upperBound)
                return true
            }
            if isThere { return true }
            guard ContinuousClock.now < end, read(within: 100) else { return false }
        }
    }

    /// Reads what there is; false when nothing can come any more.
    private func read(within milliseconds: CInt) -> Bool {
        var entry = pollfd(fd: terminal, events: CShort(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, milliseconds) == 1 else { return true }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe Glibc.read(terminal, &bytes, bytes.count)
        guard count > 0 else { return false }
        received.withLock { $0 += bytes.prefix(count) }
        return true
    }

    /// Waits until the program is stopped, as by Ctrl-Z; whether it is.
    func isStopped() -> Bool {
        wait(WUNTRACED).map { $0 & 0xFF == 0x7F } ?? false
    }

    /// Waits for its end: the exit status, or the negative number of the signal that ended it.
    func ending() -> Int32? {
        wait(0).map { status in status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F) }
    }

    private func wait(_ options: CInt) -> Int32? {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            var status: Int32 = 0
            if unsafe waitpid(process, &status, options | WNOHANG) == process { return status }
            // A terminal that nobody reads from stops who writes.
            _ = read(within: 20)
        }
        return nil
    }
}
