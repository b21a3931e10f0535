// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization

/// As many datagrams as one thread can send, to a host on which nobody needs to listen, until stopped.
final class Flood: Sendable {
    private final class Shared: Sendable {
        let isStopping = Atomic(false)
        let isRefused = Atomic(false)
    }

    private let shared = Shared()
    private let worker: Mutex<Worker<Void>?>

    /// Starts to send.
    init(from host: Host, to other: Host, _ family: NetworkFamily) throws(NetiError) {
        let sender = try UDPSocket(on: host, family)
        let address = SocketAddress(other.address(family), port: 7000).encoded
        worker = Mutex(
            try Worker { [shared] () throws(NetiError) in
                unsafe address.withUnsafeBytes { unsafe Self.send($0, through: sender.socket.descriptor, shared) }
            })
    }

    /// Sends with as little as possible beside the system call.
    private static func send(_ address: UnsafeRawBufferPointer, through descriptor: CInt, _ shared: Shared) {
        let (target, length) = unsafe (
            address.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count)
        )
        var byte: UInt8 = 0
        while !shared.isStopping.load(ordering: .relaxed) {
            let isRefused = unsafe sendto(descriptor, &byte, 1, 0, target, length) < 0 && errno != EAGAIN
            shared.isRefused.store(isRefused, ordering: .relaxed)
        }
    }

    /// Whether the sender's kernel refused the last datagram, for instance because the interface is gone.
    var isRefused: Bool { shared.isRefused.load(ordering: .relaxed) }

    /// Stops sending. May be called more than once.
    func stop() {
        shared.isStopping.store(true, ordering: .relaxed)
        let worker = worker.withLock { $0.take() }
        try? worker?.join()
    }
}
