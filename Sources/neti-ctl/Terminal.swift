// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// The terminal that standard output is.
enum Terminal {
    /// Its width in columns; nil if standard output is a file or a pipe, or the terminal does not say.
    static var width: Int? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes out what was printed.
    ///
    /// - Throws: exit status 1, after one line on standard error, when there is nobody, or no room, for it.
    static func flush() throws(ExitCode) {
        guard fflush(nil) != 0 else { return }
        let line = Array("neti-ctl: can't write to standard output\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        throw .failure
    }

    /// Writes a line to standard output at once.
    ///
    /// - Returns: whether there still is somebody, or room, for it.
    static func write(line: String) -> Bool {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
