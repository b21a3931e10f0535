// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Neti
import Synchronization
import SystemPackage

/// A `neti-ctl monitor` in a process of its own, told by a daemon.
///
/// Ended by ``interrupt()`` or with the object.
public final class MonitorProcess: Sendable {
    /// Its process number.
    public let process: Int32

    private let output: String
    private let exitStatus = Mutex<Int32?>(nil)

    /// Starts it and waits until it is told everything, ten seconds at most.
    public init(_ daemon: DaemonProcess, _ arguments: String...) throws(NetiError) {
        output = "\(daemon.folder)/monitor-\(Self.numbers.add(1, ordering: .relaxed).newValue)"
        process = try Command.start(
            try DaemonProcess.program("neti-ctl"), ["monitor", "--socket", daemon.controlSocket] + arguments,
            output: output)
        if !Deadline(.seconds(10)).sees({ lines.count == 1 }) {
            end(SIGKILL)
            throw NetiError(.noChildProcess, "nothing can be monitored: \(lines)")
        }
    }

    deinit {
        end(SIGKILL)
    }

    private static let numbers = Atomic(0)

    /// The whole lines that it has written so far.
    public var lines: [String] {
        guard let text = try? readFile(output) else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Waits until it has written a line, ten seconds at most; whether it did.
    public func writes(_ isWanted: (String) -> Bool) -> Bool {
        Deadline(.seconds(10)).sees { lines.contains(where: isWanted) }
    }

    /// Does what Ctrl-C does and waits for the end; the exit status.
    public func interrupt() -> Int32 {
        end(SIGINT)
    }

    /// Waits for it to end by itself, ten seconds at most; its exit status.
    public func waitUntilEnded() -> Int32? {
        exitStatus.withLock { status in
            _ = Deadline(.seconds(10)).sees {
                if status == nil { status = Command.poll(process) }
                return status != nil
            }
            return status
        }
    }

    @discardableResult
    private func end(_ signal: Int32) -> Int32 {
        exitStatus.withLock { status in
            if let status { return status }
            kill(process, signal)
            let ended = Command.wait(for: process)
            status = ended
            return ended
        }
    }
}
