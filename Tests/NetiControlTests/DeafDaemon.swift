// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import SystemPackage

@testable import NetiControl

/// Takes one call and hangs up without a word.
final class DeafDaemon: Sendable {
    private let socket: FileDescriptor

    init(_ path: String) throws {
        socket = try FileDescriptor.unixStreamSocket(blocking: true)
        try UnixAddress(path: path).bind(socket)
        guard listen(socket.rawValue, 1) == 0 else { throw Errno(rawValue: errno) }
        try socket.setTimeout(.seconds(10), option: SO_RCVTIMEO)
    }

    deinit {
        try? socket.close()
    }

    /// The method that the first client calls. Blocks, ten seconds at most.
    func firstCall() throws -> String {
        let client = FileDescriptor(rawValue: accept(socket.rawValue, nil, nil))
        guard client.rawValue >= 0 else { throw Errno(rawValue: errno) }
        defer { try? client.close() }
        var call: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while !call.contains(0) {
            let count = unsafe recv(client.rawValue, &chunk, chunk.count, 0)
            guard count > 0 else { throw Errno.connectionReset }
            call += chunk[..<count]
        }
        return try Message.header(Message.CallHeader.self, of: Array(call.prefix { $0 != 0 })).method
    }
}
