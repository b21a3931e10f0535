// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The terminal that standard output is.
enum Terminal {
    /// Its width in columns; nil if standard output is a file or a pipe, or the terminal does not say.
    static var width: Int? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
