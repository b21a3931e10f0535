// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import SystemPackage

/// What the thread `neti-inject` works with, for one instance after the other.
@safe
struct InjectionRound: ~Copyable {
    /// Packets that are taken off a list together: as many as one system call takes.
    static let batch = LiveFrames.capacity

    /// Nanoseconds after which an instance whose packets come as fast as they go leaves the thread to others.
    static let longest: UInt64 = 6_000_000

    /// Room for a batch.
    let due: UnsafeMutableBufferPointer<DuePacket>
    /// Made when the first packet is to be received somewhere.
    private var frames: LiveFrames?
    private let home: Int32
    private var isAway = false
    /// The namespace in which the thread is, if it is an instance's: nobody else's can be taken for it while it is there.
    private var place: NamespaceIdentity?

    /// - Parameter home: the daemon's own namespace, open for as long as this lives.
    init(home: Int32) {
        self.home = home
        unsafe due = .allocate(capacity: Self.batch)
    }

    deinit {
        unsafe due.deallocate()
    }

    /// Has an instance receive packets; the thread is in its namespace afterwards, until ``goHome()``.
    mutating func receive(
        _ packets: UnsafeBufferPointer<DuePacket>, of consumer: borrowing InjectionConsumer,
        in namespace: borrowing InstanceNamespace, by inbound: inout InboundInjector
    ) {
        guard makeFrames(), enter(namespace) else {
            for index in packets.indices { consumer.finish(unsafe packets[index], .sendFailed) }
            return
        }
        if var frames = frames.take() {
            unsafe inbound.deliver(packets, of: consumer, by: &frames)
            self.frames = consume frames
        }
    }

    private mutating func enter(_ namespace: borrowing InstanceNamespace) -> Bool {
        // Being there already takes no CAP_SYS_ADMIN.
        if namespace.isOwn {
            goHome()
            return !isAway
        }
        // Entering costs as much as receiving two packets.
        guard place != namespace.identity else { return true }
        guard namespace.enter() == nil else { return false }
        isAway = true
        place = namespace.identity
        return true
    }

    /// Moves the thread back, so that it keeps no deleted namespace alive.
    mutating func goHome() {
        guard isAway else { return }
        isAway = clnx_namespace_enter(home) != 0
        if !isAway { place = nil }
    }

    private mutating func makeFrames() -> Bool {
        if frames != nil { return true }
        goHome()
        guard var made = try? LiveFrames() else { return false }
        // Without it everything works, only slower.
        if made.warm() == .improperLink { (isAway, place) = (true, nil) }
        goHome()
        frames = consume made
        return true
    }
}
