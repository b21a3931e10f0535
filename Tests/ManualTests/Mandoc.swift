// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The checker of manual pages (Debian's package mandoc).
enum Mandoc {
    /// What it says about files, nothing if they are right.
    static func complaints(about files: [String]) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/mandoc")
        process.arguments = ["-T", "lint", "-W", "warning"] + files
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}
