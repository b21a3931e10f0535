// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The name of a namespace made here: `neti-PROCESS-NUMBER`, the process's number in base 36.
///
/// It tells who made it, so that the leftovers of a process that died are found and removed by the next one. At most 15
/// bytes.
public struct HostName: Equatable, Sendable, CustomStringConvertible {
    let process: Int32
    let number: Int

    private static let prefix = "neti-"
    private static let numbers = Atomic<Int>(0)

    /// A name that nobody else has.
    public static func next() -> HostName {
        HostName(process: getpid(), number: numbers.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    init(process: Int32, number: Int) {
        self.process = process
        self.number = number
    }

    /// Reads a name; nil for one that isn't made here.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let process = Int32(parts[0], radix: 36), process > 0, let number = Int(parts[1])
        else { return nil }
        self.init(process: process, number: number)
    }

    /// As `ip netns` knows it.
    public var description: String { Self.prefix + String(process, radix: 36) + "-\(number)" }

    /// Whether nobody is left who would remove it.
    var isOrphaned: Bool { kill(process, 0) == -1 && errno == ESRCH }
}
