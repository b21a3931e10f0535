// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import NetiControl

/// One run of `neti-ctl capture`: replies become a file, and are counted.
struct CaptureRun {
    private let limit: Int
    private var writer: PcapngWriter
    private(set) var captured = 0
    private(set) var lost = 0
    private var hasBegun = false

    /// - Parameters:
    ///   - limit: packets after which it is complete.
    ///   - snaplen: bytes that packets are cut to, 0 for no limit.
    init(limit: Int, snaplen: Int) {
        self.limit = limit
        writer = PcapngWriter(application: "neti-ctl", snaplen: snaplen)
    }

    /// Whether there are as many packets as were wanted.
    var isComplete: Bool { captured >= limit }

    /// Takes what the daemon has sent.
    mutating func add(_ reply: Capture.Reply) {
        if !hasBegun {
            hasBegun = true
            Terminal.write("neti-ctl: capturing\n", to: STDERR_FILENO)
        }
        for packet in reply.packets.prefix(limit - captured) { writer.write(packet) }
        captured += min(reply.packets.count, limit - captured)
        lost = reply.lost
    }

    /// The next piece of the file.
    mutating func take() -> [UInt8] { writer.take() }

    /// Says how much it was.
    func tell() {
        guard hasBegun else { return }
        Terminal.write(
            "neti-ctl: \(captured) packet\(captured == 1 ? "" : "s") captured, \(lost) lost\n", to: STDERR_FILENO)
    }
}

/// Where a capture goes.
struct CaptureOutput: ~Copyable {
    private let descriptor: CInt

    /// - Parameter path: a file, or `-` for standard output, which must not be a terminal.
    /// - Throws: exit status 1, after one line to `complain`.
    init(_ path: String, complain: (String) -> Void) throws(ExitCode) {
        // Whoever reads may go: that is an error of write(2), not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        guard path == "-" else {
            // Packets are nobody else's business.
            descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                complain("\(path): \(unsafe String(cString: strerror(errno)))")
                throw .failure
            }
            return
        }
        descriptor = STDOUT_FILENO
        guard isatty(descriptor) == 0 else {
            complain("pcapng is nothing for a terminal: give --write FILE, or a pipe to Wireshark")
            throw .failure
        }
    }

    deinit {
        if descriptor != STDOUT_FILENO { close(descriptor) }
    }

    /// Whether somebody may read what is written: false for a pipe whose reader is gone.
    var hasReader: Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        return unsafe poll(&entry, 1, 0) == 0
    }

    /// Writes bytes at once; whether there is still somebody, or room, for them.
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
