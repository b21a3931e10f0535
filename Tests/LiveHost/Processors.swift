// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import SystemPackage

/// On which processors this process may run (taskset(1)).
public enum Processors {
    /// Keeps the process away from one processor.
    ///
    /// - Parameter body: gets the number of that processor, on which something else can be by itself.
    /// - Throws: `ENOTSUP` when there is only one, and what `body` throws.
    public static func leavingOneFree<Value>(_ body: (_ free: Int) throws -> Value) throws -> Value {
        let before = try allowed()
        guard let free = before.last, before.count > 1 else {
            throw NetiError(.notSupported, "there is only one processor")
        }
        try allow(before.dropLast())
        defer { try? allow(before) }
        return try body(free)
    }

    /// As proc_pid_status(5) lists them: `0-2,4`.
    private static func allowed() throws(NetiError) -> [Int] {
        let status = try readFile("/proc/self/status").split(separator: "\n")
        let list = status.first { $0.hasPrefix("Cpus_allowed_list:") }?.dropFirst("Cpus_allowed_list:".count) ?? ""
        return list.split { $0 == "," || $0.isWhitespace }.flatMap { range in
            let ends = range.split(separator: "-").compactMap { Int($0) }
            return ends.isEmpty ? [] : Array(ends[0]...ends[ends.count - 1])
        }
    }

    /// For all threads of now; those that they start have the same.
    private static func allow(_ processors: [Int]) throws(NetiError) {
        let list = processors.map(String.init).joined(separator: ",")
        try Command.run("taskset", ["--all-tasks", "--cpu-list", "--pid", list, "\(getpid())"])
    }
}
