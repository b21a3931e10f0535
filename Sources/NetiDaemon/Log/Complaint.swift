// SPDX-License-Identifier: Apache-2.0

import SystemPackage

extension Daemon {
    /// Writes what keeps a program from running to standard error; in systemd's journal its lines are errors.
    public static func complain(_ message: String) {
        let priority = JournalLogHandler.leadsToJournal(.standardError) ? "<3>" : ""
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { "\(priority)\($0)\n" }
        _ = try? FileDescriptor.standardError.writeAll(lines.joined().utf8)
    }
}
