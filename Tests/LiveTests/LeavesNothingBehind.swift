// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Testing

/// Fails a test after which a namespace, a thread of ours or a descriptor is left.
///
/// Whatever else runs in the process meanwhile may open descriptors too, so what is new gets a few seconds to go.
struct LeavesNothingBehind: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard !test.isSuite else { return try await function() }
        let before = Belongings()
        try await function()
        var left = Belongings().subtracting(before)
        _ = Deadline(.seconds(5)).sees {
            left = Belongings().subtracting(before)
            return left.isEmpty
        }
        #expect(left.namespaces == [], "namespaces left behind")
        #expect(left.threads == [], "threads left behind")
        #expect(left.descriptors == [:], "descriptors left behind")
    }
}

extension Trait where Self == LeavesNothingBehind {
    static var leavesNothingBehind: Self { Self() }
}

/// What a process holds that a test could forget to give back.
private struct Belongings {
    var namespaces = HostPair.remaining + NamespaceFolder.remaining
    var threads: [String]
    /// How often each kind of descriptor is open; sockets, which have numbers that are never used again, one by one.
    var descriptors: [String: Int]

    init() {
        threads = listFolder("/proc/self/task").filter { id in
            let name = (try? readFile("/proc/self/task/\(id)/comm")) ?? ""
            return name.hasPrefix("neti-") || name.hasPrefix("live-")
        }
        descriptors = [:]
        for number in listFolder("/proc/self/fd") {
            if let target = Self.target(of: number) { descriptors[target, default: 0] += 1 }
        }
    }

    var isEmpty: Bool { namespaces.isEmpty && threads.isEmpty && descriptors.isEmpty }

    func subtracting(_ other: Belongings) -> Belongings {
        var rest = self
        rest.namespaces.removeAll { other.namespaces.contains($0) }
        rest.threads.removeAll { other.threads.contains($0) }
        for (target, count) in other.descriptors {
            let more = (rest.descriptors[target] ?? 0) - count
            rest.descriptors[target] = more > 0 ? more : nil
        }
        return rest
    }

    private static func target(of descriptor: String) -> String? {
        // Not the folder that is being listed.
        readLink("/proc/self/fd/\(descriptor)").flatMap { $0.hasSuffix("/fd") ? nil : $0 }
    }
}
