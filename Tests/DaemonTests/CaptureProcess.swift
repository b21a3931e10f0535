// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization
import SystemPackage

/// A `neti-ctl capture` in a process of its own, which writes a file.
///
/// Ended by ``interrupt()`` or with the object, whose file is removed with it.
final class CaptureProcess: Sendable {
    let process: Int32

    /// What it writes.
    let path: String

    private let output: String
    private let exitStatus = Mutex<Int32?>(nil)
    private static let numbers = Atomic(0)

    /// Starts it and waits until it captures, ten seconds at most.
    convenience init(_ daemon: DaemonProcess, _ arguments: String...) throws(NetiError) {
        try self.init(daemon, arguments: arguments)
    }

    init(_ daemon: DaemonProcess, arguments: [String]) throws(NetiError) {
        let number = Self.numbers.add(1, ordering: .relaxed).newValue
        path = "\(daemon.folder)/capture-\(number).pcapng"
        output = "\(daemon.folder)/capture-\(number)"
        process = try Command.start(
            try DaemonProcess.program("neti-ctl"),
            ["capture", "--socket", daemon.controlSocket, "--write", path] + arguments, output: output)
        if !Deadline(.seconds(10)).sees({ words.contains("capturing\n") }) {
            end(SIGKILL)
            throw NetiError(.noChildProcess, "nothing can be captured: \(words)")
        }
    }

    deinit {
        kill(process, SIGCONT)
        end(SIGKILL)
    }

    /// What it has said so far.
    var words: String { (try? readFile(output)) ?? "" }

    /// Waits until the number of packets in its file is as wanted, ten seconds at most; whether it is.
    func holds(_ isEnough: (Int) -> Bool) -> Bool {
        Deadline(.seconds(10)).sees {
            // A file that is being written ends in half a packet now and then.
            let text = (try? Command.end("tshark", ["-r", path, "-T", "fields", "-e", "frame.number"]))?.output ?? ""
            return isEnough(text.split(separator: "\n").count { Int($0) != nil })
        }
    }

    /// Waits until its file has grown by so many bytes, thirty seconds at most; whether it has.
    func grows(by bytes: Int) -> Bool {
        let before = size
        return Deadline(.seconds(30)).sees { size >= before + bytes }
    }

    private var size: Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Does what Ctrl-C does and waits for the end; the exit status.
    func interrupt() -> Int32 {
        end(SIGINT)
    }

    /// Waits for it to end by itself, ten seconds at most; its exit status.
    func waitUntilEnded() -> Int32? {
        exitStatus.withLock { status in
            _ = Deadline(.seconds(10)).sees {
                var raw: Int32 = 0
                if status == nil, unsafe waitpid(process, &raw, WNOHANG) == process { status = raw >> 8 & 0xFF }
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
            var raw: Int32 = 0
            while unsafe waitpid(process, &raw, 0) == -1 && errno == EINTR {}
            let ended = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
            status = ended
            return ended
        }
    }
}
