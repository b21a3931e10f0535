// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemPackage

@testable import NetiControl

/// A client that sends any bytes at all. Blocks; every wait ends after ten seconds with an error.
final class RawClient: Sendable {
    private let socket: FileDescriptor
    private let received = Mutex<[UInt8]>([])

    init(_ path: String) throws {
        socket = try FileDescriptor.unixStreamSocket(blocking: true)
        try socket.setTimeout(.seconds(10), option: SO_RCVTIMEO)
        try socket.setTimeout(.seconds(10), option: SO_SNDTIMEO)
        try UnixAddress(path: path).connect(socket)
    }

    deinit {
        try? socket.close()
    }

    /// Sends all bytes in one piece.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Errno(rawValue: errno) }
            rest = rest.dropFirst(sent)
        }
    }

    /// Sends each text as one message, all in one piece.
    func send(_ messages: String...) throws {
        try send(messages.flatMap(\.asMessage))
    }

    /// Says that no more calls follow.
    func finish() {
        _ = shutdown(socket.rawValue, CInt(SHUT_WR))
    }

    /// Waits until there is something to read.
    func waitForData() throws {
        try wait(for: CInt(POLLIN))
    }

    /// Waits until the server has closed the connection, without reading what it sent.
    func waitForHangUp() throws {
        try wait(for: CInt(POLLHUP))
    }

    private func wait(for event: CInt) throws {
        // POLLHUP needs no asking for.
        var entry = pollfd(fd: socket.rawValue, events: CShort(event & ~CInt(POLLHUP)), revents: 0)
        let ready = unsafe poll(&entry, 1, 10_000)
        guard ready == 1, CInt(entry.revents) & event != 0 else { throw Errno.timedOut }
    }

    /// The next message; nil at the end of the stream.
    func receive() throws -> String? {
        try received.withLock { received in
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                if let end = received.firstIndex(of: 0) {
                    defer { received.removeFirst(end + 1) }
                    return String(decoding: received[..<end], as: UTF8.self)
                }
                let count = unsafe recv(socket.rawValue, &chunk, chunk.count, 0)
                if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
                guard count > 0 else { throw Errno(rawValue: errno) }
                received += chunk[..<count]
            }
        }
    }

    /// All messages up to the end of the stream.
    func receiveAll() throws -> [String] {
        var messages: [String] = []
        while let message = try receive() {
            messages.append(message)
        }
        return messages
    }
}
