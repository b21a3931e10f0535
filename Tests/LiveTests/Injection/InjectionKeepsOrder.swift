// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import Packet
import Synchronization
import Testing

extension RealPackets {
    /// What several threads inject at once arrives complete, and in the order of each.
    @Suite struct InjectionKeepsOrder {
        private static let threads = 4
        private static let perThread = 25_000

        /// How far the threads may be ahead of what has arrived, so that no socket overflows.
        private final class Window: Sendable {
            static let size = 400
            let sent = Atomic(0)
            let received = Atomic(0)

            var isOpen: Bool {
                sent.load(ordering: .relaxed) - received.load(ordering: .relaxed) < Self.size
            }
        }

        @Test(
            "100,000 packets of four threads arrive in each thread's order, with a timer a tick at most (R150)",
            arguments: [InjectionStyle.queueIn, .queueOut], [NetworkFamily.inet])
        func order(_ style: InjectionStyle, _ family: NetworkFamily) throws {
            try Rig.with { rig in
                let interface = try rig.interface()
                let isInbound = style == .queueIn
                let (from, to) = isInbound ? (rig.left, rig.right) : (rig.right, rig.left)
                let seen = Count()
                try rig.register("look", on: isInbound ? .physicalIn : .physicalOut, of: family) { packet in
                    if packet.injections == 1 { seen.raise() }
                    return .pass
                }
                let handle = rig.instance.protocolHandle(family)
                let header = IPHeader(from: from.address(family), to: to.address(family))
                let begin = ContinuousClock.now
                var workers: [Worker<[Int]>] = []
                var senders: [Worker<Void>] = []
                for thread in 0..<Self.threads {
                    let port = Crossing.port + UInt16(thread)
                    let receiver = try UDPSocket(on: to, family, port: port)
                    let window = Window()
                    workers.append(
                        try Worker { () throws(NetiError) in
                            var numbers: [Int] = []
                            numbers.reserveCapacity(Self.perThread)
                            while numbers.count < Self.perThread, let datagram = try receiver.receive() {
                                numbers.append(datagram.bytes.reduce(0) { $0 << 8 | Int($1) })
                                window.received.store(numbers.count, ordering: .relaxed)
                            }
                            return numbers
                        })
                    senders.append(
                        try Worker { () throws(NetiError) in
                            for number in 0..<Self.perThread {
                                let payload = [UInt8(number >> 16), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
                                guard let packet = try? header.packet(.udp(from: 9, to: port), payload: payload)
                                else { return }
                                let deadline = Deadline(.seconds(10))
                                while !deadline.isOver {
                                    if window.isOpen, (try? handle.inject(style, packet, interface: interface)) != nil {
                                        break
                                    }
                                    sched_yield()
                                }
                                window.sent.store(number + 1, ordering: .relaxed)
                            }
                        })
                }
                for sender in senders { try sender.join() }
                for worker in workers {
                    let numbers = try worker.join()
                    #expect(numbers.count == Self.perThread)
                    // Not the numbers themselves: a failure would print them.
                    let isInOrder = numbers.elementsEqual(0..<numbers.count)
                    #expect(isInOrder)
                }
                let total = Self.threads * Self.perThread
                #expect(seen.current == total)
                let delivered = isInbound ? "delivered_in" : "delivered_out"
                #expect(Deadline(.seconds(3)).sees { rig.injected(delivered) == UInt64(total) })
                // Unless the machine has much else to do, this takes a second, so there are 4,000 ticks and thus at least 25
                // packets to a wake-up. However much longer it takes, several packets share one.
                let ticks = UInt64((ContinuousClock.now - begin) / .nanoseconds(InjectionList.tick))
                let wakeups = rig.injected("timer_wakeups")
                let timers = rig.injected("timers_set")
                let figures = "\(wakeups) wake-ups, \(timers) timers set, \(ticks) ticks, \(total) packets"
                #expect(wakeups <= ticks + 1, "\(figures)")
                #expect(wakeups * 2 < UInt64(total), "\(figures)")
                #expect(timers <= 2 * wakeups + 1, "\(figures)")
            }
        }
    }
}
