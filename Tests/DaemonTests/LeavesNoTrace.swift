// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Testing

/// Fails a test after which a process, a namespace, a file or an nftables table of its own is left.
struct LeavesNoTrace: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard !test.isSuite else { return try await function() }
        let tables = try Command.run("nft", ["list", "tables"])
        try await function()
        #expect(Self.children == [], "processes left behind")
        #expect(HostPair.remaining + NamespaceFolder.remaining == [], "namespaces left behind")
        #expect(DaemonProcess.remaining == [], "folders left behind")
        #expect(try Command.run("nft", ["list", "tables"]) == tables, "tables of this machine changed")
    }

    /// Processes whose parent is this one, dead ones that nobody waited for included (proc_pid_stat(5), field 4).
    private static var children: [String] {
        listFolder("/proc").filter { name in
            guard let stat = try? readFile("/proc/\(name)/stat"), let end = stat.lastIndex(of: ")") else {
                return false
            }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            return fields.count > 1 && Int32(fields[1]) == getpid()
        }
    }
}

extension Trait where Self == LeavesNoTrace {
    static var leavesNoTrace: Self { Self() }
}
