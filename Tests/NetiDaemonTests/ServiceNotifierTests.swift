// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetiDaemon
import SystemPackage
import Testing

/// Messages to the service manager, read back from a real socket.
struct ServiceNotifierTests {
    @Test(arguments: [
        ([ServiceNotifier.State.ready], "READY=1"),
        ([.stopping], "STOPPING=1"),
        ([.watchdog], "WATCHDOG=1"),
        ([.ready, .status("2 instances")], "READY=1\nSTATUS=2 instances"),
        ([.status("a\nREADY=1\r\nb")], "STATUS=a READY=1 b"),
    ])
    func messagesArrive(states: [ServiceNotifier.State], message: String) throws {
        var directory = try TemporaryDirectory()
        let manager = try DatagramSocket(path: directory.expect("notify").string)
        let notifier = try ServiceNotifier(socket: manager.name)
        switch states.count {
        case 1: try notifier.notify(states[0])
        default: try notifier.notify(states[0], states[1])
        }
        #expect(try manager.receive() == message)
    }

    @Test func abstractSocketsAreReached() throws {
        let manager = try DatagramSocket(path: "@neti-test-\(getpid())-\(UInt64.random(in: 0...(.max)))")
        try ServiceNotifier(socket: manager.name).notify(.ready)
        #expect(try manager.receive() == "READY=1")
    }

    /// The manager needs the time to tell one reload from the next.
    @Test func reloadingCarriesTheTime() throws {
        var directory = try TemporaryDirectory()
        let manager = try DatagramSocket(path: directory.expect("notify").string)
        let notifier = try ServiceNotifier(socket: manager.name)
        var times: [Int] = []
        for _ in 0..<2 {
            try notifier.notify(.reloading)
            let lines = try manager.receive().split(separator: "\n")
            #expect(lines.first == "RELOADING=1")
            let time = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
            #expect(lines.last == "MONOTONIC_USEC=\(time)")
            times.append(time)
        }
        #expect(times[0] > 0 && times[0] <= times[1])
    }

    @Test(arguments: [
        ("", Errno.invalidArgument), ("@", .invalidArgument), ("notify", .invalidArgument),
        ("/" + String(repeating: "n", count: 107), .fileNameTooLong),
    ])
    func wrongAddressesAreRefused(socket: String, errno: Errno) {
        #expect(throws: errno) { try ServiceNotifier(socket: socket) }
    }

    @Test func nobodyListens() throws {
        let notifier = try ServiceNotifier(socket: "/nowhere/notify")
        #expect(throws: Errno.noSuchFileOrDirectory) { try notifier.notify(.ready) }
    }
}

/// The manager's end: a datagram socket that is bound to a path, or to an abstract name behind `@`.
struct DatagramSocket: ~Copyable {
    let name: String
    private let descriptor: FileDescriptor

    init(path: String) throws {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Errno(rawValue: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: path.utf8)
            if path.hasPrefix("@") { unsafe room[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let status = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(socket, $0, length) }
        }
        guard status == 0 else {
            let failure = Errno(rawValue: errno)
            close(socket)
            throw failure
        }
        name = path
        descriptor = FileDescriptor(rawValue: socket)
    }

    deinit { try? descriptor.close() }

    /// One message that is there already.
    func receive() throws -> String {
        guard let bytes = try receiveBytes() else { throw Errno.resourceTemporarilyUnavailable }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of one message that is there already; nil if none is.
    func receiveBytes() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        let length = unsafe recv(descriptor.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard length >= 0 else {
            if errno == EAGAIN { return nil }
            throw Errno(rawValue: errno)
        }
        return Array(buffer.prefix(length))
    }
}
