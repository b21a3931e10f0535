// SPDX-License-Identifier: Apache-2.0

import Glibc
public import SystemPackage

/// Tells the service manager how the daemon is doing (sd_notify(3)).
public struct ServiceNotifier: Sendable {
    /// What there is to tell.
    public enum State: Sendable, Equatable {
        /// Start-up, or a reload, is complete.
        case ready
        /// The configuration is being reloaded; `ready` follows.
        case reloading
        /// The daemon is going.
        case stopping
        /// The daemon is alive.
        case watchdog
        /// A line for `systemctl status`.
        case status(String)
    }

    private let address: DatagramAddress

    /// Notifies the manager that started the daemon; nil when none did, as `NOTIFY_SOCKET` is not set.
    public init?() throws(Errno) {
        guard let socket = environment("NOTIFY_SOCKET") else { return nil }
        try self.init(socket: socket)
    }

    /// Notifies whoever listens on a datagram socket: an absolute path, or `@` and an abstract name (unix(7)).
    /// - Throws: `EINVAL` when it is neither, `ENAMETOOLONG` when it is longer than 107 bytes.
    public init(socket: String) throws(Errno) {
        address = try DatagramAddress(socket)
    }

    /// Tells all the states in one message.
    /// - Throws: what socket(2) and sendto(2) say, such as `ECONNREFUSED` when nobody listens.
    public func notify(_ states: State...) throws(Errno) {
        let message = states.map(\.assignment).joined(separator: "\n")
        let socket = try DatagramAddress.socket()
        defer { try? socket.close() }
        try address.send(Array(message.utf8), from: socket, waits: true)
    }
}

extension ServiceNotifier.State {
    /// The variable assignments of sd_notify(3).
    var assignment: String {
        switch self {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        // A newline would start another assignment.
        case .status(let text): "STATUS=\(String(text.map { $0.isNewline ? " " : $0 }))"
        }
    }

    /// The clock by which the manager tells this reload from the last one.
    private static var monotonicMicroseconds: Int {
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &now) == 0 else { return 0 }
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
    }
}
