// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// The terminal that standard output is.
enum Terminal {
    /// Its width in columns; nil if standard output is a file or a pipe, or the terminal does not say.
    static var width: Int? { width(of: STDOUT_FILENO) }

    /// The same of another descriptor.
    static func width(of descriptor: CInt) -> Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Its width and height in characters; nil as for ``width``.
    static var size: (width: Int, height: Int)? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes out what was printed.
    ///
    /// - Throws: exit status 1, after one line on standard error, when there is nobody, or no room, for it.
    static func flush() throws(ExitCode) {
        guard fflush(nil) != 0 else { return }
        write("neti-ctl: can't write to standard output\n", to: STDERR_FILENO)
        throw .failure
    }

    /// Waits until then; whether somebody may still read what is written to standard output. Ends as soon as not.
    static func isRead(until time: ContinuousClock.Instant) -> Bool {
        // Without any events asked for, poll(2) tells of errors only: the reader's end of a pipe is closed.
        var entry = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        repeat {
            let (seconds, attoseconds) = (time - .now).components
            let left = seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
            if unsafe poll(&entry, 1, CInt(clamping: max(0, left))) == 1 { return false }
        } while ContinuousClock.now < time
        return true
    }

    /// Ends the program as writing to a pipe without a reader would.
    ///
    /// - Returns: exit status 1, after one line on standard error, where that signal is ignored.
    static func brokenPipe() -> ExitCode {
        raise(SIGPIPE)
        write("neti-ctl: can't write to standard output\n", to: STDERR_FILENO)
        return .failure
    }

    /// Writes a line to standard output at once.
    ///
    /// - Returns: whether there still is somebody, or room, for it.
    static func write(line: String) -> Bool {
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// Writes text at once.
    ///
    /// - Returns: whether there still is somebody, or room, for it.
    @discardableResult
    static func write(_ text: String, to descriptor: CInt) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
