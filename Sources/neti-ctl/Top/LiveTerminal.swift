// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The terminal while a program draws on it and reads single keys; as it was before when that ends, however it ends.
///
/// Signals are handled where they arrive: the handlers only write(2) a constant and call tcsetattr(3), which
/// signal-safety(7) allows.
enum LiveTerminal {
    /// Another screen than the one with the shell's lines, without a cursor, without wrapping long lines.
    private static let beginning = Array("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l".utf8)
    private static let end = Array("\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l".utf8)

    // Owned by this type for as long as the program runs, so that a signal handler finds them without any lock.
    nonisolated(unsafe) private static let before = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    nonisolated(unsafe) private static let during = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    nonisolated(unsafe) private static let beginningBytes = unsafe copy(beginning)
    nonisolated(unsafe) private static let endBytes = unsafe copy(end)
    private static let isLive = Atomic(false)
    private static let isChanged = Atomic(false)

    /// Whether keys can be read and a screen be drawn.
    static var isThere: Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return false }
        return unsafe getenv("TERM").map { unsafe String(cString: $0) } != "dumb"
    }

    /// Takes the terminal.
    ///
    /// - Returns: whether it could be taken.
    static func begin() -> Bool {
        guard unsafe tcgetattr(STDIN_FILENO, before) == 0 else { return false }
        unsafe during.pointee = before.pointee
        // Ctrl-C and Ctrl-Z stay what they are.
        unsafe during.pointee.c_lflag &= ~tcflag_t(ECHO | ICANON)
        unsafe withUnsafeMutableBytes(of: &during.pointee.c_cc) { characters in
            unsafe characters[Int(VMIN)] = 0
            unsafe characters[Int(VTIME)] = 0
        }
        // Made before a signal handler touches them.
        unsafe _ = (beginningBytes, endBytes)
        isChanged.store(false, ordering: .relaxed)
        handle(SIGINT) { _ in
            LiveTerminal.giveBack()
            _exit(0)
        }
        for signal in [SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE] {
            handle(signal) { signal in
                LiveTerminal.giveBack()
                // Blocked until the handler returns; then it ends the program as it would have.
                Glibc.signal(signal, SIG_DFL)
                raise(signal)
            }
        }
        handle(SIGTSTP) { _ in
            LiveTerminal.giveBack()
            raise(SIGSTOP)
            // Here the shell has let it go on.
            LiveTerminal.take()
        }
        handle(SIGWINCH) { _ in LiveTerminal.isChanged.store(true, ordering: .relaxed) }
        signal(SIGPIPE, SIG_IGN)
        take()
        return true
    }

    /// Gives the terminal back.
    static func finish() { giveBack() }

    /// Whether everything has to be drawn anew, since the last time that this was asked: another size, another screen.
    static func takeChange() -> Bool { isChanged.exchange(false, ordering: .relaxed) }

    /// The bytes of the keys that are pressed within so many milliseconds; none when there were none, or when a signal
    /// came. Nil when the terminal is gone.
    static func read(within milliseconds: CInt) -> [UInt8]? {
        var entry = pollfd(fd: STDIN_FILENO, events: CShort(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, milliseconds) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe Glibc.read(STDIN_FILENO, &bytes, bytes.count)
        if count > 0 { return Array(bytes.prefix(count)) }
        return count < 0 && errno == EINTR ? [] : nil
    }

    private static func take() {
        unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, during)
        unsafe _ = Glibc.write(STDOUT_FILENO, beginningBytes, beginning.count)
        isLive.store(true, ordering: .relaxed)
        isChanged.store(true, ordering: .relaxed)
    }

    private static func giveBack() {
        guard isLive.exchange(false, ordering: .relaxed) else { return }
        unsafe _ = Glibc.write(STDOUT_FILENO, endBytes, end.count)
        unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, before)
    }

    private static func handle(_ number: CInt, _ handler: @convention(c) (CInt) -> Void) {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = handler
        unsafe sigaction(number, &action, nil)
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        unsafe memory.initialize(from: bytes, count: bytes.count)
        return unsafe memory
    }
}
